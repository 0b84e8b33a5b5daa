#include "quantlens/bench/keys.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <set>
#include <string>
#include <vector>

using namespace quantlens;

namespace {

CellIdentity cell() {
  CellIdentity identity;
  identity.model_sha256 = std::string(64, 'a');
  identity.format = "rtn-w4-g64";
  identity.scheme = {{"bits", 4}, {"group_size", 64}};
  identity.isa = "avx2";
  identity.task = "tiny";
  identity.task_sha256 = std::string(64, 'b');
  identity.protocol = "nle";
  identity.seed = 1;
  return identity;
}

Item item() { return {"item-1", {{"text", "a"}}, 1, {"why"}, {{0, "big", "harmless"}}}; }

}  // namespace

TEST_CASE("keys: every ingredient that could change an answer changes the item's key", "[bench]") {
  const std::vector<std::function<void(CellIdentity&, Item&)>> changes{
      [](CellIdentity&, Item&) {},
      [](CellIdentity& c, Item&) { c.model_sha256[63] = 'c'; },
      [](CellIdentity& c, Item&) { c.format = "rtn-w4-g32"; },
      [](CellIdentity& c, Item&) { c.scheme["bits"] = 3; },
      [](CellIdentity& c, Item&) { c.scheme["symmetric"] = true; },
      [](CellIdentity& c, Item&) { c.isa = "baseline"; },
      [](CellIdentity& c, Item&) { c.task = "tiny2"; },
      [](CellIdentity& c, Item&) { c.task_sha256[0] = 'c'; },
      [](CellIdentity& c, Item&) { c.prompts = "trained"; },
      [](CellIdentity& c, Item&) { c.protocol = "counterfactual"; },
      [](CellIdentity& c, Item&) { c.protocol_version = 2; },
      [](CellIdentity& c, Item&) { c.protocol_options["label_score"] = "pmi"; },
      [](CellIdentity& c, Item&) { c.protocol_options["max_input_words"] = "255"; },
      [](CellIdentity& c, Item&) {
        c.judge = {{"sha256", "d"}};
      },
      [](CellIdentity& c, Item&) {
        c.judge = {{"url", "http://localhost:8080"}, {"model", "m"}};
      },
      [](CellIdentity& c, Item&) {
        c.judge = {{"url", "http://localhost:8080"}, {"model", "n"}};
      },
      [](CellIdentity& c, Item&) { c.second_models["encoder"] = "d"; },
      [](CellIdentity& c, Item&) { c.second_models["encoder"] = "e"; },
      [](CellIdentity& c, Item&) { c.second_models["scorer"] = "d"; },
      [](CellIdentity& c, Item&) { c.depends_on = "d"; },
      [](CellIdentity& c, Item&) { c.sampling = "temperature 0.7"; },
      [](CellIdentity& c, Item&) { c.seed = 2; },
      [](CellIdentity& c, Item&) { c.repetition = 1; },
      [](CellIdentity& c, Item&) { c.answers = answers_version + 1; },
      [](CellIdentity&, Item& i) { i.id = "item-2"; },
      [](CellIdentity&, Item& i) { i.fields["text"] = "b"; },
      [](CellIdentity&, Item& i) { i.fields["more"] = ""; },
      [](CellIdentity&, Item& i) { i.label = 0; },
      [](CellIdentity&, Item& i) { i.references[0] = "because"; },
      [](CellIdentity&, Item& i) { i.references.clear(); },
      [](CellIdentity&, Item& i) { i.insertions.clear(); },
      [](CellIdentity&, Item& i) { i.insertions[0].position = 1; },
      [](CellIdentity&, Item& i) { i.insertions[0].word = "old"; },
      [](CellIdentity&, Item& i) { i.insertions[0].kind = "sports"; },
      [](CellIdentity&, Item& i) { i.answers["object"] = {"Oslo"}; },
      [](CellIdentity&, Item& i) { i.group = "capital"; },
  };
  std::set<std::string> keys;
  for (const auto& change : changes) {
    CellIdentity changed_cell = cell();
    Item changed_item = item();
    change(changed_cell, changed_item);
    keys.insert(item_key(cell_key(changed_cell), changed_item));
  }
  CHECK(keys.size() == changes.size());
  CHECK(keys.count(item_key(cell_key(cell()), item())) == 1);
}

TEST_CASE("keys: lines about time are found under the same settings only", "[bench]") {
  const TimingIdentity base{2, 16, 0, true, "cpu"};
  const std::vector<TimingIdentity> timings{base,
                                            {1, 16, 0, true, "cpu"},
                                            {2, 8, 0, true, "cpu"},
                                            {2, 16, 64, true, "cpu"},
                                            {2, 16, 0, false, "cpu"},
                                            {2, 16, 0, true, "other"}};
  std::set<std::string> keys;
  for (const TimingIdentity& timing : timings) keys.insert(timing_key("key", timing));
  keys.insert(timing_key("other", base));
  CHECK(keys.size() == timings.size() + 1);
}

TEST_CASE("keys: what a format weighs depends on model, scheme and ISA, not on the task", "[bench]") {
  CellIdentity other = cell();
  other.task = "another";
  other.protocol = "counterfactual";
  other.seed = 9;
  CHECK(format_key(other) == format_key(cell()));
  other.scheme["bits"] = 2;
  CHECK(format_key(other) != format_key(cell()));
}

TEST_CASE("keys: the hash is SHA-256 of sorted JSON", "[bench]") {
  // sha256sum of the text {"a":1,"b":[true,null]}
  CHECK(json_sha256({{"b", {true, nullptr}}, {"a", 1}}) ==
        "1cc69c7fa23616ca2ec3ee70d24390a6225c8832db8a4c814c7e0e7f942f8668");
}
