#include "quantlens/bench/sweep.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "../io/temp_folder.hpp"
#include "quantlens/bench/ranking.hpp"
#include "scripted_provider.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// Runs over a task of eight items, as processes that were started one after another would.
struct Runs {
  TempFolder folder;
  ScriptedProvider provider;
  BenchOptions options;
  std::vector<std::string> timed;  ///< the format of each answer in the latency phase, equal ones in a row once
  std::size_t round = 0;           ///< of the latency phase that is going on
  double free_mib = 1e6;
  std::size_t stop_after_rounds = 100;
  std::function<void(const Row&)> on_row = [](const Row&) {};

  Runs() {
    write_tiny_task(folder.path() / "tasks", 8);
    options.tasks = {"tiny/nle"};
    options.formats = {"full", "rtn-w8", "rtn-w2-g64"};
    options.latency_rounds = 3;
    options.latency_items = 4;
  }

  /// Calls `use` with the finished sweep.
  template <class Use>
  void run(const Use& use, std::size_t repetitions = 1) {
    timed.clear();
    round = 0;
    const Plan plan = make_plan(options, {folder.path() / "tasks"}, "scripted");
    Journal journal(folder.path() / "items.jsonl");
    ModelPool pool(provider);
    const RunContext context{journal,
                             {2, 4, 0, true, "cpu"},
                             {options.latency_items, options.latency_rounds, options.latency_threads},
                             provider.time.host(free_mib),
                             [&](const Cell& cell, std::size_t n, bool computed) {
                               if (n == 1 && computed && (timed.empty() || timed.back() != cell.format.name()))
                                 timed.push_back(cell.format.name());
                             },
                             [&](std::size_t n_rounds, std::size_t) {
                               round = n_rounds;
                               if (n_rounds == stop_after_rounds) throw Interrupted{2};
                             }};
    Sweep sweep(plan, context, pool, {pool, {}}, 0);
    sweep.run(plan.cells(), repetitions, on_row);
    use(sweep);
  }
  [[nodiscard]] std::map<std::string, LatencyResult> latencies() {
    std::map<std::string, LatencyResult> found;
    run([&](Sweep& sweep) {
      for (const auto& row : sweep.finished_rows()) found[row->cell.format.name()] = row->latency;
    });
    return found;
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("sweep: the latency phase goes round the formats, and starts with another one each time", "[bench]") {
  Runs runs;
  const auto latencies = runs.latencies();
  CHECK(runs.timed ==
        Names{"full", "rtn-w8", "rtn-w2-g64", "rtn-w8", "rtn-w2-g64", "full", "rtn-w2-g64", "full", "rtn-w8"});
  for (const auto& [format, latency] : latencies) {
    CAPTURE(format, latency.mistrusted);
    CHECK(latency.decode_rates.size() == 3);
    CHECK(latency.median.p50_ms == Approx(50));
    CHECK(latency.median.decode_tokens_per_s == Approx(100));
    CHECK(latency.spread.p50_ms == Approx(0).margin(1e-9));
    CHECK(latency.others_processors == Approx(0).margin(1e-9));
    CHECK(latency.mistrusted.empty());
  }
  for (const auto& [format, n] : runs.provider.builds) CHECK(n == 1);
}

TEST_CASE("sweep: a format that was slow in two rounds is mistrusted, and never the fastest", "[bench]") {
  Runs runs;
  runs.options.formats = {"full", "rtn-w8", "rtn-w2-g64"};
  runs.options.latency_rounds = 7;
  runs.provider.time.slowness = [&](const std::string& format) {
    return format == "rtn-w2-g64" ? (runs.round == 2 || runs.round == 3 ? 0.8 : 0.5) : 1.0;
  };
  runs.run([&](Sweep& sweep) {
    for (const auto& row : sweep.finished_rows()) {
      CAPTURE(row->cell.format.name());
      CHECK(row->latency.mistrusted == (row->cell.format.name() == "rtn-w2-g64" ? "its rounds differ by 60 %" : ""));
    }
    for (const Ranking& ranking : rank_formats(sweep.finished_rows(), 0)) CHECK(ranking.aspect != "speed");
  });

  Runs undisturbed;
  undisturbed.options.latency_rounds = 7;
  undisturbed.provider.time.slowness = [](const std::string& format) { return format == "rtn-w2-g64" ? 0.5 : 1.0; };
  undisturbed.run([](Sweep& sweep) {
    const std::vector<Ranking> rankings = rank_formats(sweep.finished_rows(), 0);
    REQUIRE(rankings.back().aspect == "speed");
    CHECK(rankings.back().contenders() == Names{"rtn-w2-g64"});
    CHECK(rankings.back().formats[0].value == Approx(200));
  });
}

TEST_CASE("sweep: rows are mistrusted while others compute, though all rounds are alike", "[bench]") {
  Runs runs;
  runs.provider.time.others = [] { return 0.9; };
  for (const auto& [format, latency] : runs.latencies()) {
    CHECK(latency.others_processors == Approx(0.9));
    CHECK(latency.mistrusted == "others used 0.9 of 2 processors");
  }
}

TEST_CASE("sweep: whole rounds are served again, and only missing ones are timed", "[bench]") {
  Runs runs;
  runs.stop_after_rounds = 2;
  CHECK_THROWS_AS(runs.latencies(), Interrupted);
  runs.stop_after_rounds = 100;
  runs.provider.builds.clear();
  const auto first = runs.latencies();
  CHECK(runs.timed == Names{"rtn-w2-g64", "full", "rtn-w8"});  // the third round
  runs.provider.builds.clear();
  runs.provider.time.slowness = [](const std::string&) { return 9; };
  const auto second = runs.latencies();
  CHECK(runs.timed.empty());
  CHECK(runs.provider.builds.empty());
  for (const auto& [format, latency] : second) CHECK(latency.decode_rates == first.at(format).decode_rates);
  runs.options.formats = {"rtn-w8", "full"};
  CHECK(runs.latencies().at("rtn-w8").decode_rates == first.at("rtn-w8").decode_rates);
  CHECK(runs.timed.empty());
}

TEST_CASE("sweep: another format, more items or other threads are timed in rounds of their own", "[bench]") {
  Runs runs;
  runs.options.formats = {"full", "rtn-w8"};
  static_cast<void>(runs.latencies());
  runs.options.formats = {"full", "rtn-w8", "rtn-w2-g64"};
  static_cast<void>(runs.latencies());
  CHECK(runs.timed.size() == 9);
  runs.options.latency_items = 5;
  static_cast<void>(runs.latencies());
  CHECK(runs.timed.size() == 9);
  runs.options.latency_threads = 2;
  static_cast<void>(runs.latencies());
  CHECK(runs.timed.size() == 9);
}

TEST_CASE("sweep: formats that do not fit into memory together are timed apart, which their rows say", "[bench]") {
  Runs runs;
  runs.free_mib = 60;  // of which half: two formats of 12.5 MiB
  const auto latencies = runs.latencies();
  CHECK(runs.timed == Names{"rtn-w2-g64", "full", "rtn-w8", "full", "rtn-w8"});
  CHECK(latencies.at("rtn-w2-g64").mistrusted == "timed apart, because not all formats fit into memory");
  CHECK(latencies.at("rtn-w2-g64").median.p50_ms == Approx(50));
  CHECK(latencies.at("full").mistrusted.empty());
  CHECK(latencies.at("rtn-w8").mistrusted.empty());
  for (const auto& [format, n] : runs.provider.builds) CHECK(n == 1);

  runs.free_mib = 1e6;  // rounds of one format alone are no rounds of all
  CHECK(runs.latencies().at("rtn-w2-g64").mistrusted.empty());
  CHECK(runs.timed.size() == 9);
}

TEST_CASE("sweep: no items to time, no times", "[bench]") {
  Runs runs;
  runs.options.latency_items = 0;
  for (const auto& [format, latency] : runs.latencies()) {
    CHECK_FALSE(latency.median.p50_ms);
    CHECK(latency.mistrusted.empty());
  }
  CHECK(runs.timed.empty());
}

#if defined(__GLIBC__)
TEST_CASE("sweep: further repetitions keep little of their items in memory", "[bench]") {
  constexpr std::size_t n_items = 400, n_repetitions = 5;
  Runs runs;
  write_tiny_task(runs.folder.path() / "tasks", n_items);
  runs.options.formats = {"full"};
  runs.options.latency_items = 0;
  std::vector<std::size_t> used;
  runs.on_row = [&](const Row&) { used.push_back(mallinfo2().uordblks); };
  runs.run([](Sweep&) {}, n_repetitions);
  REQUIRE(used.size() == n_repetitions);
  if (used[0] == 0) {
    WARN("the allocator is a sanitizer's: SKIPPED");
    return;
  }
  const std::size_t growth = used.back() > used[1] ? used.back() - used[1] : 0;
  CHECK(growth < 300 * n_items * (n_repetitions - 2));
}
#endif

TEST_CASE("sweep: a flipped bit anywhere in a journal is refused, or changes no score", "[bench]") {
  Runs runs;
  write_tiny_task(runs.folder.path() / "tasks", 2);
  runs.options.formats = {"full"};
  runs.options.latency_rounds = runs.options.latency_items = 1;
  const auto scores = [&] {
    std::vector<std::optional<double>> values;
    runs.run([&](Sweep& sweep) {
      for (const MetricSummary& metric : sweep.finished_rows().front()->metrics) values.push_back(metric.summary.value);
    });
    return values;
  };
  const auto written = scores();
  const std::filesystem::path path = runs.folder.path() / "items.jsonl";
  const std::string whole = read_text(path);
  std::size_t refused = 0, same = 0;
  for (std::size_t i = 0; i < whole.size(); i += 7) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << i % 8));
    write_text(path, flipped);
    CAPTURE(i, flipped[i]);
    try {
      const bool equal = scores() == written;
      REQUIRE(equal);
      ++same;
    } catch (const FormatError& error) {
      REQUIRE(error.id() == "journal");
      ++refused;
    }
  }
  CHECK(refused > 9 * same);
}
