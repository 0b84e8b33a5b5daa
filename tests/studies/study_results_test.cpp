#include "quantlens/studies/study_results.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "quantlens/bench/ranking.hpp"
#include "study_rows.hpp"

using namespace quantlens;
using quantlens::test::StudyRows;
using Json = nlohmann::ordered_json;

namespace {

const TaskProtocol nle{"world_nli", "nle"}, edits{"world_nli", "counterfactual"};

Json metric_json(double value, double lo, double hi, const Json& delta) {
  return {{"value", value},
          {"lo", lo},
          {"hi", hi},
          {"n", 4},
          {"delta", delta},
          {"delta_lo", nullptr},
          {"delta_hi", nullptr},
          {"n_paired", delta.is_null() ? 0 : 4},
          {"p", nullptr},
          {"p_holm", nullptr},
          {"mde", nullptr},
          {"note", nullptr},
          {"better", "higher"}};
}

Json row_json(const std::string& task, const std::string& format, const Json& metrics) {
  return {{"task", task}, {"format", format}, {"repetition", 0}, {"status", "ok"}, {"metrics", metrics}};
}

/// Two columns: explanations, where `rtn-w2` is not above chance, and counterfactuals.
struct SmallRun {
  StudyRows run;
  Json results;

  explicit SmallRun(const std::string& own_name = "scripted") {
    run.add(nle, "full", metric::accuracy, {1, 1, 1, 1}, std::nullopt);
    run.add(nle, "rtn-w8", metric::accuracy, {1, 1, 1, 0}, -0.25);
    run.add(nle, "rtn-w2", metric::accuracy, {1, 1, 0, 0}, -0.5);
    results = {{"manifest", {{"model", {{"own_name", own_name}}}}},
               {"rows",
                {row_json(nle.name(), "full", {{"accuracy", metric_json(1, 0.8, 1, nullptr)}}),
                 row_json(nle.name(), "rtn-w8", {{"accuracy", metric_json(0.75, 0.76, 0.9, -0.25)}}),
                 row_json(nle.name(), "rtn-w2", {{"accuracy", metric_json(0.5, 0.75, 0.9, -0.5)}}),
                 row_json(edits.name(), "full", {{"flip_hard", metric_json(0.5, 0.25, 0.75, nullptr)}}),
                 row_json(edits.name(), "rtn-w2", {{"flip_hard", metric_json(0.25, 0.125, 0.5, -0.25)}})}}};
  }
  [[nodiscard]] Json study(const Json& published = nullptr) const {
    return study_json(find_study("self-explanations"), results, run.rows, published, 1);
  }
};

const Json published{{"source", "somebody"},
                     {"best_preserved", {{"task accuracy", "rtn-w8"}}},
                     {"measures", Json::array()},
                     {"rows",
                      {{{"model", "a"}, {"column", "full"}, {"values", Json::array()}},
                       {{"model", "a"}, {"column", "awq-w4-g128"}, {"values", Json::array()}},
                       {{"model", "b"}, {"column", "rtn-w2"}, {"values", Json::array()}}}}};

}  // namespace

TEST_CASE("study results: accuracy stands against the commonest label's share", "[studies]") {
  const Json study = SmallRun().study();
  const Json& part = study["parts"][0];
  CHECK(part["what"] == "explanations");
  CHECK(part["task"] == "world_nli");
  CHECK(part["stands_for"] == "esnli");
  const Json& accuracy = part["measures"][0];
  CHECK(accuracy["chance"] == 0.75);
  std::vector<Json> above;
  for (const Json& cell : accuracy["cells"]) above.push_back(cell["above_chance"]);
  CHECK(above == std::vector<Json>{true, true, false});
}

TEST_CASE("study results: values are in the study's units, and a cell that did not run is empty", "[studies]") {
  const Json study = SmallRun().study();
  const Json& part = study["parts"][1];
  CHECK(part["what"] == "counterfactuals");
  const Json& flips = part["measures"][0];
  CHECK(flips["name"] == "LFR %");
  CHECK(flips["cells"][0]["value"] == 50.0);
  CHECK(flips["cells"][0]["hi"] == 75.0);
  CHECK(flips["cells"][0]["n"] == 4);
  CHECK(flips["cells"][1]["column"] == "rtn-w8");
  CHECK_FALSE(flips["cells"][1].contains("value"));
  CHECK(flips["cells"][2]["delta"] == -25.0);
}

TEST_CASE("study results: what is missing is named once, with the reason", "[studies]") {
  const Json study = SmallRun().study();
  const auto why = [&](const std::string& name) {
    std::vector<std::string> reasons;
    for (const Json& entry : study["missing"])
      if (entry["name"] == name) reasons.push_back(entry["why"]);
    return reasons;
  };
  CHECK(why("PPL") == std::vector<std::string>{"not measured in this run"});
  CHECK(why("explanations of healthfc") == std::vector<std::string>{"no data of it in this run"});
  CHECK(why("counterfactuals of agnews").size() == 1);
  CHECK(why("LFR %").empty());
  CHECK(why("ROUGE-L").empty());  // not the study's own
  CHECK(why("explanations of esnli").empty());
}

TEST_CASE("study results: published rows are those of the run's columns, and of its model where it is in the study",
          "[studies]") {
  const auto rows_of = [](const Json& study) {
    std::vector<std::string> rows;
    for (const Json& row : study["published"]["rows"])
      rows.push_back(concat(row["model"].get<std::string>(), " ", row["column"].get<std::string>()));
    return rows;
  };
  CHECK(rows_of(SmallRun().study(published)) == std::vector<std::string>{"a full", "b rtn-w2"});
  CHECK(rows_of(SmallRun("b").study(published)) == std::vector<std::string>{"b rtn-w2"});
  CHECK(SmallRun().study()["published"].is_null());
}

TEST_CASE("study results: mean ranks say what is decided, beside what was published", "[studies]") {
  const Json study = SmallRun().study(published);
  REQUIRE(study["mean_ranks"].size() == 1);
  const Json& accuracy = study["mean_ranks"][0];
  CHECK(accuracy["group"] == "task accuracy");
  CHECK(accuracy["decided"] == false);
  CHECK(accuracy["best"].is_null());
  CHECK(accuracy["contenders"] == Json{"rtn-w8", "rtn-w2"});
  CHECK(accuracy["columns"][0] == Json{{"column", "rtn-w8"}, {"mean_rank", 1.0}});
  CHECK(accuracy["published_best"] == "rtn-w8");
}
