#include "quantlens/report/study_table.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "quantlens/report/console.hpp"
#include "quantlens/report/text_table.hpp"

using namespace quantlens;
using Json = nlohmann::ordered_json;

namespace {

Json study_cell(const std::string& column, double value, const Json& delta, const Json& above_chance) {
  return {{"column", column},    {"above_chance", above_chance},
          {"value", value},      {"lo", value - 0.125},
          {"hi", value + 0.125}, {"n", 20},
          {"delta", delta},      {"p_holm", delta.is_null() ? Json() : Json(0.01)},
          {"better", "higher"}};
}

Json study_document() {
  const Json accuracy{{"name", "accuracy"},
                      {"published", true},
                      {"chance", 0.5},
                      {"cells",
                       {study_cell("full", 0.75, nullptr, true),
                        study_cell("rtn-w2", 0.5, -0.25, false),
                        {{"column", "rtn-w8"}, {"above_chance", nullptr}}}}};
  const Json rouge{{"name", "ROUGE-L"},
                   {"published", false},
                   {"chance", nullptr},
                   {"cells",
                    {study_cell("full", 0.25, nullptr, nullptr),
                     study_cell("rtn-w2", 0.125, -0.125, nullptr),
                     {{"column", "rtn-w8"}, {"above_chance", nullptr}}}}};
  const Json ranked =
      Json::array({{{"column", "rtn-w8"}, {"mean_rank", 1.25}}, {{"column", "rtn-w2"}, {"mean_rank", 1.75}}});
  const Json basis = Json::array({{{"name", "accuracy"}, {"task", "topics/nle"}}});
  Json ranks{{"group", "task accuracy"},
             {"measures", basis},
             {"decided", false},
             {"best", nullptr},
             {"contenders", {"rtn-w8", "rtn-w2"}},
             {"columns", ranked},
             {"note", nullptr},
             {"left_out", Json::array({"rtn-w4"})},
             {"published_best", "rtn-w8"}};
  Json study{{"name", "small"}, {"source", "somebody"}, {"columns", {"full", "rtn-w2", "rtn-w8"}}};
  study["parts"] = Json::array({{{"what", "explanations"},
                                 {"task", "topics"},
                                 {"stands_for", "news"},
                                 {"measures", Json::array({accuracy, rouge})}}});
  study["missing"] = Json::array({{{"name", "BARTScore"}, {"why", "needs --bart DIR"}}});
  study["mean_ranks"] = Json::array({ranks});
  study["published"] = {
      {"source", "a table"},
      {"measures", Json::array({{{"measure", "LFR %"}, {"task", "news"}}})},
      {"rows", Json::array({{{"model", "a model"}, {"column", "rtn-w8"}, {"values", Json::array({64.8})}}})}};
  return {{"manifest", {{"baseline", "full"}, {"model", Json::object()}}},
          {"rows",
           Json::array({{{"task", "topics/nle"}, {"format", "rtn-w8"}, {"status", "failed"}, {"error", "too large"}}})},
          {"study", study}};
}

}  // namespace

TEST_CASE("study table: the whole block, as it is meant to look", "[report]") {
  const std::string expected = R"(Study small (somebody)

explanations of topics, in place of news
column  accuracy ↑, delta (chance 0.50)       ROUGE-L ↑, delta
full            0.750 ±0.125             0.250 ±0.125
rtn-w2          0.500 ±0.125  -0.250* ~  0.125 ±0.125  -0.125*
rtn-w8                     -                        -

n = 20 items in each cell. Deltas: to full on the same items; * where p < 0.05 after Holm's correction over the columns.
Chance: what always giving the commonest label is worth. ~: not shown to be above it (95 % interval): how a model
  explains answers that it may have guessed tells little.
Not among the study's measures: ROUGE-L.
failed: topics/nle/rtn-w8: too large
Of the study's measures this run has not: BARTScore (needs --bart DIR).

Mean ranks by change to the baseline, 1 for the best change
column  task accuracy
full                -
rtn-w2           1.75
rtn-w8           1.25

task accuracy: cannot decide: rtn-w8, rtn-w2; published: rtn-w8; not ranked: rtn-w4 (accuracy of topics/nle)
Best: the lowest mean rank, where paired tests on the same items find every other column worse in one measure at least
  and better in none, p < 0.05 after Holm's correction over all of them. Otherwise those that are not found worse are
  named, best rank first.

Published: a table
published  column  LFR % news
a model    rtn-w8       64.80

)";
  CHECK(report_detail::study_table(study_document(), 120) == expected);
}

TEST_CASE("study table: a decided group names its best, and one without differences says so", "[report]") {
  Json document = study_document();
  Json& ranks = document["study"]["mean_ranks"][0];
  ranks["decided"] = true;
  ranks["contenders"] = Json::array({"rtn-w8"});
  CHECK_THAT(report_detail::study_table(document, 120), Catch::Contains("task accuracy: rtn-w8; published: rtn-w8"));
  ranks["note"] = "all have the same changes";
  CHECK_THAT(report_detail::study_table(document, 120), Catch::Contains("task accuracy: no difference; published"));
}

TEST_CASE("study table: no line is wider than asked for, and without a study there is none", "[report]") {
  std::istringstream lines(report_detail::study_table(study_document(), 60));
  for (std::string line; std::getline(lines, line);) CHECK(display_width(line) <= 60);
  CHECK(report_detail::study_table({{"study", nullptr}}, 120).empty());
  CHECK(report_detail::study_table(Json::object(), 120).empty());
}

TEST_CASE("study table: on the console it stands in place of the rows' tables", "[report]") {
  const Json document = study_document();
  CHECK(render_console(document) == report_detail::study_table(document, 120));
}
