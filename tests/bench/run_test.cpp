#include "quantlens/bench/run.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>
#if defined(__GLIBC__)
#include <malloc.h>

#include <nlohmann/json.hpp>
#endif

#include "../io/temp_folder.hpp"
#include "quantlens/bench/memory.hpp"
#include "quantlens/core/interrupt.hpp"
#include "scripted_provider.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// Scores an item by its text, calls the model once a call, and counts how often it saw each item.
class CountingProtocol final : public Protocol {
 public:
  [[nodiscard]] std::string_view name() const override { return "nle"; }
  [[nodiscard]] std::vector<PromptKind> prompts() const override { return {}; }
  [[nodiscard]] std::vector<Metric> metrics() const override { return {metric::accuracy, metric::rouge_l}; }
  [[nodiscard]] bool supports(const Task&) const override { return true; }
  [[nodiscard]] std::vector<ItemRecord> run(const Task&, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const override {
    if (fails) throw Error("model", "no answer");
    spans.push_back(items.size());
    std::vector<ItemRecord> records;
    for (const Item& item : items) {
      ++seen[item.id];
      const auto completion = models.model.complete(std::vector{CompletionRequest{{{{"user", item.id}}, ""}, 4}});
      if (asks_full) static_cast<void>(models.full.score_text(std::vector{item.id}));
      ItemRecord record;
      record.item_id = item.id;
      record.transcript.push_back(completion.front().text);
      record.ttft_seconds = completion.front().seconds_to_first_token;
      record.set_score(metric::accuracy, item.label == 0 ? 1.0 : 0.0);
      record.set_score(metric::rouge_l, Rng(seed_of(seed, item.id)).uniform());
      record.edits = {{Rng(seed_of(seed, item.id, "edit")).uniform(), item.label == 1, item.label == 2}};
      records.push_back(record);
      if (item.id == raises_at) std::raise(SIGINT);
    }
    return records;
  }

  bool fails = false;
  bool asks_full = false;
  std::string raises_at;
  mutable std::map<std::string, std::size_t> seen;
  mutable std::vector<std::size_t> spans;
};

struct Bench {
  TempFolder folder;
  Task task;
  CountingProtocol protocol;
  std::vector<Item> items;
  ScriptedProvider provider;
  CellIdentity identity;
  std::size_t threads = 1;
  double others_mib = 0;

  explicit Bench(std::size_t n_items = 7) {
    for (std::size_t i = 0; i < n_items; ++i) items.push_back({concat("item-", i), {}, i % 3, {}});
    identity.format = "rtn-w8";
  }
  [[nodiscard]] std::filesystem::path path() const { return folder.path() / "items.jsonl"; }

  /// A run of its own, as a process that was started anew.
  CellOutcome run() {
    Journal journal(path());
    RunContext context{journal, {threads, 3, 0, true, "cpu"}, {}};
    MeteredModel model([&] { return provider.build(parse_format(identity.format)); });
    MeteredModel full([&] { return provider.build({}); });
    return run_cell({{{"tiny", "nle"}, parse_format(identity.format)}, task, protocol, items, identity}, context, model,
                    full, others_mib);
  }
};

bool equal_scores(const CellOutcome& a, const CellOutcome& b) {
  return std::equal(a.records.begin(), a.records.end(), b.records.begin(), b.records.end(),
                    [](const ItemRecord& x, const ItemRecord& y) {
                      return x.item_id == y.item_id && x.scores == y.scores && x.edits == y.edits;
                    });
}

}  // namespace

TEST_CASE("run: slices cover all items", "[bench]") {
  Bench bench;
  const CellOutcome outcome = bench.run();
  CHECK(bench.protocol.spans == std::vector<std::size_t>{3, 3, 1});
  REQUIRE(outcome.records.size() == 7);
  for (std::size_t i = 0; i < 7; ++i) {
    CHECK(outcome.records[i].item_id == bench.items[i].id);
    REQUIRE(outcome.records[i].edits.size() == 1);
    CHECK(outcome.records[i].edits[0].flipped == (i % 3 == 1));
  }
  REQUIRE(outcome.sizes);
  CHECK(outcome.sizes->mib == 12.5);
  CHECK(outcome.prompt_tokens_per_second == Approx(1000));
  CHECK(outcome.generated_tokens_per_second == Approx(100));
  CHECK(outcome.items_per_second);
}

TEST_CASE("run: a finished cell is served without building a model or asking anything", "[bench]") {
  Bench bench;
  const CellOutcome first = bench.run();
  bench.protocol.seen.clear();
  bench.provider.builds.clear();
  const CellOutcome second = bench.run();
  CHECK(bench.protocol.seen.empty());
  CHECK(bench.provider.builds.empty());
  CHECK(equal_scores(first, second));
  CHECK(first.seconds == second.seconds);
  CHECK(first.peak_mib == second.peak_mib);
  CHECK(first.own_mib == second.own_mib);
  if (first.peak_mib) {
    CHECK(first.own_mib.value() >= 12.5);  // the weights, as the scripted model has them
    CHECK(first.own_mib.value() < 12.5 + *first.peak_mib);
  }
  CHECK(first.generated_tokens_per_second == second.generated_tokens_per_second);
}

TEST_CASE("run: cut at any byte, the journal gives the same scores and no finished item runs again", "[bench]") {
  Bench bench(4);
  const CellOutcome reference = bench.run();
  const std::string whole = read_text(bench.path());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    write_text(bench.path(), cut);
    bench.protocol.seen.clear();
    REQUIRE(equal_scores(bench.run(), reference));
    const std::string kept = cut.substr(0, cut.rfind('\n') + 1);
    for (const Item& item : bench.items) {
      const bool finished = kept.find("\"item_id\":\"" + item.id + "\"") != std::string::npos;
      REQUIRE(bench.protocol.seen[item.id] == (finished ? 0 : 1));
    }
  }
}

TEST_CASE("run: other threads reuse the answers but never the times", "[bench]") {
  Bench bench;
  const CellOutcome first = bench.run();
  bench.protocol.seen.clear();
  bench.protocol.spans.clear();
  bench.threads = 2;
  const CellOutcome second = bench.run();
  CHECK(equal_scores(first, second));
  CHECK(bench.protocol.spans.empty());
  CHECK_FALSE(second.prompt_tokens_per_second);
  CHECK_FALSE(second.items_per_second);
}

TEST_CASE("run: another seed, repetition or scheme computes anew", "[bench]") {
  Bench bench;
  const CellOutcome first = bench.run();
  bench.identity.repetition = 1;
  CHECK_FALSE(equal_scores(bench.run(), first));
  bench.identity.repetition = 0;
  bench.identity.seed = 5;
  CHECK_FALSE(equal_scores(bench.run(), first));
  bench.identity.seed = 0;
  bench.protocol.seen.clear();
  CHECK(equal_scores(bench.run(), first));
  CHECK(bench.protocol.seen.empty());
}

TEST_CASE("run: the judge is built only where a protocol asks for it, and its work is nobody's", "[bench]") {
  Bench bench;
  static_cast<void>(bench.run());
  CHECK(bench.provider.builds.count("full") == 0);
  bench.protocol.asks_full = true;
  bench.identity.seed = 1;
  const CellOutcome outcome = bench.run();
  CHECK(bench.provider.builds["full"] == 1);
  CHECK(outcome.prompt_tokens_per_second == Approx(1000));
}

TEST_CASE("run: a protocol that fails leaves what was finished before", "[bench]") {
  Bench bench;
  bench.protocol.fails = true;
  CHECK_THROWS_WITH(bench.run(), Catch::Contains("no answer"));
  bench.protocol.fails = false;
  CHECK(bench.run().records.size() == 7);
}

TEST_CASE("run: after a signal the slice is finished and kept, and nothing more starts", "[bench]") {
  Bench bench(6);
  {
    const InterruptGuard guard;
    bench.protocol.raises_at = "item-2";  // the last of the first slice
    try {
      static_cast<void>(bench.run());
      FAIL("not interrupted");
    } catch (const Interrupted& interrupted) {
      CHECK(interrupted.signal == SIGINT);
    }
  }
  const InterruptGuard guard;
  bench.protocol.raises_at.clear();
  bench.protocol.spans.clear();
  CHECK(bench.run().records.size() == 6);
  CHECK(bench.protocol.spans == std::vector<std::size_t>{3});
}

TEST_CASE("run: what the weights of other formats take is no part of a cell's peak", "[bench]") {
  Bench bench;
  const std::optional<double> alone = bench.run().peak_mib;
  if (!alone) {
    WARN("this system cannot reset or report the peak: SKIPPED");
    return;
  }
  Bench crowded;
  crowded.others_mib = *alone / 2;
  CHECK(*crowded.run().peak_mib < 0.8 * *alone);
}

TEST_CASE("run: a record that makes no sense is damage of the journal, named by its place", "[bench]") {
  Bench bench;
  static_cast<void>(bench.run());
  std::string text;
  std::istringstream lines(read_text(bench.path()));
  std::size_t damage = 0;
  for (std::string line; std::getline(lines, line); text += line + "\n") {
    nlohmann::json object = nlohmann::json::parse(line);
    object.erase("crc");  // as older versions wrote
    if (object["kind"] == "item" && damage == 0) {
      object["record"]["gold"] = "x";
      damage = text.size();
    }
    line = object.dump();
  }
  write_text(bench.path(), text);
  try {
    static_cast<void>(bench.run());
    FAIL("accepted");
  } catch (const FormatError& error) {
    CHECK(error.id() == "journal");
    CHECK(error.offset() == damage);
  }
}

TEST_CASE("memory: the peak falls back after a reset and sees a new allocation", "[bench]") {
  if (!reset_peak_memory() || !peak_memory_mib()) {
    WARN("this system cannot reset or report the peak: SKIPPED");
    return;
  }
  const double before = *peak_memory_mib();
  {
    std::vector<char> block(std::size_t{64} << 20, 'x');
    CHECK(block[12345] == 'x');
    CHECK(*peak_memory_mib() > before + 60);
  }
  REQUIRE(reset_peak_memory());
  CHECK(*peak_memory_mib() < before + 30);
}

#if defined(__GLIBC__)
TEST_CASE("memory: freed blocks that the allocator holds do not count", "[bench]") {
  static constexpr std::size_t n_blocks = std::size_t{64} << 10;
  const std::size_t used = mallinfo2().uordblks;
  const bool can_reset = reset_peak_memory();
  const double before = peak_memory_mib().value_or(0);
  std::list<std::array<char, 1024>> blocks(n_blocks), last;
  if (!can_reset || mallinfo2().uordblks < used + n_blocks * 1024) {
    WARN("this system cannot reset the peak, or the allocator is a sanitizer's: SKIPPED");
    return;
  }
  CHECK(*peak_memory_mib() > before + 60);
  last.splice(last.begin(), blocks, std::prev(blocks.end()));  // the heap cannot shrink below it
  blocks.clear();
  REQUIRE(reset_peak_memory());
  CHECK(*peak_memory_mib() < before + 30);
}
#endif
