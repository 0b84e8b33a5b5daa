#include "quantlens/report/rank_table.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "quantlens/report/console.hpp"
#include "quantlens/report/text_table.hpp"

using namespace quantlens;
using Json = nlohmann::ordered_json;

namespace {

struct Place {
  std::string format;
  double value;
};

Json ranking(const std::string& aspect, const std::string& metric, const Json& tasks, const Json& n,
             const std::vector<Place>& places, std::size_t n_contenders,
             const std::vector<std::string>& left_out = {}) {
  Json contenders = Json::array();
  Json formats = Json::array();
  for (const Place& place : places) {
    if (contenders.size() < n_contenders) contenders.push_back(place.format);
    formats.push_back({{"format", place.format}, {"value", place.value}, {"p_holm", nullptr}});
  }
  const bool decided = n_contenders == 1;
  return {{"aspect", aspect},         {"metric", metric},
          {"tasks", tasks},           {"n", n},
          {"decided", decided},       {"best", decided ? contenders[0] : Json()},
          {"contenders", contenders}, {"formats", formats},
          {"left_out", left_out}};
}

Json ranked_document() {
  const std::vector<Place> accuracy{{"bnb-int8", 0.967},       {"gptq-w8-g128", 0.967}, {"gptq-w4-g128", 0.96},
                                    {"rtn-w8-g128", 0.96},     {"awq-w4-g128", 0.955},  {"hqq-w4-g128", 0.955},
                                    {"rtn-w2-g128", 0.3333333}};
  const std::vector<Place> overlap(accuracy.begin(), accuracy.end() - 1);
  return {{"schema", "quantlens-results/1"},
          {"manifest", {{"model", {{"source_quantized", false}}}}},
          {"rows", Json::array()},
          {"rankings",
           {ranking("accuracy", "accuracy", {"a/nle", "b/nle"}, 400, accuracy, 6),
            ranking("explanation", "rouge_l", {"a/nle"}, 200, overlap, 1, {"rtn-w2-g128"}),
            ranking("size", "weight_mib", Json::array(), nullptr, {{"rtn-w2-g128", 1.234}, {"bnb-int8", 3.5}}, 1),
            ranking("speed", "decode_tokens_per_s", {"a/nle", "b/nle"}, nullptr,
                    {{"rtn-w8-g128", 97.25}, {"bnb-int8", 95.5}, {"rtn-w2-g128", 40}}, 2, {"awq-w4-g128"})}}};
}

}  // namespace

TEST_CASE("rank table: the whole block, as it is meant to look", "[report]") {
  const std::string expected =
      R"(Which of 7 quantized formats is best

for accuracy     cannot decide: bnb-int8 0.967, gptq-w8-g128 0.967, gptq-w4-g128 0.960, rtn-w8-g128 0.960 and 2 more
                 (accuracy, n = 400)
for explanation  bnb-int8 0.967 (rouge_l, n = 200)
for size         rtn-w2-g128 1.23 (weight MiB)
for speed        cannot decide: rtn-w8-g128 97.25, bnb-int8 95.50 (decode tok/s, 2 tasks)

Best over n items: the best mean, where a paired test on the same items finds every other one worse, p < 0.05 after
  Holm's correction over them. Otherwise those that it does not find worse are named.
Fastest, one item at a time: ahead of every other one by more than 2 % in every round of every task, of at least six.
  Times that are not to be trusted do not count.
Not ranked, for want of results that count: awq-w4-g128 (speed), rtn-w2-g128 (explanation).

)";
  CHECK(render_console(ranked_document()) == expected);
}

TEST_CASE("rank table: formats that all have the same are not listed as contenders", "[report]") {
  Json results = ranked_document();
  results["rankings"] = Json::array();
  results["rankings"].push_back(
      ranking("counterfactuals", "flip_soft", {"a/nle"}, 20, {{"rtn-w8", 0}, {"rtn-w4", 0}}, 2));
  results["rankings"][0]["note"] = "all have the same value";
  const std::string table = render_console(results);
  CHECK_THAT(table, Catch::Contains("\nfor counterfactuals  no difference: all have 0.000 (flip_soft, n = 20)\n"));
  CHECK_THAT(table, !Catch::Contains("cannot decide"));
}

TEST_CASE("rank table: results without rankings have no block", "[report]") {
  Json results = ranked_document();
  results["rankings"] = Json::array();
  CHECK(render_console(results).empty());
  results.erase("rankings");
  CHECK(render_console(results).empty());
}

TEST_CASE("rank table: no line passes the width that is asked for", "[report]") {
  for (const std::size_t width : {60u, 80u, 120u}) {
    std::istringstream lines(render_console(ranked_document(), width));
    for (std::string line; std::getline(lines, line);) {
      INFO(line);
      CHECK(display_width(line) <= width);
    }
  }
}

TEST_CASE("rank table: continued lines stay in their column", "[report]") {
  CHECK_THAT(
      render_console(ranked_document(), 60),
      Catch::Contains("\nfor accuracy     cannot decide: bnb-int8 0.967,\n                 gptq-w8-g128 0.967,"));
}
