#include "quantlens/studies/studies.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "quantlens/protocols/registry.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/stats/moments.hpp"
#include "quantlens/stats/quantile.hpp"
#include "quantlens/studies/study_results.hpp"

using namespace quantlens;
using Json = nlohmann::ordered_json;

namespace {

/// The changes of one published measure to the full model of the same row, over all quantized rows.
std::vector<double> changes(const Json& published, std::size_t measure, bool relative) {
  std::map<std::string, double> full;
  std::vector<double> all;
  for (const Json& row : published["rows"])
    if (row["column"] == "full") full[row["model"].get<std::string>()] = row["values"][measure].get<double>();
  for (const Json& row : published["rows"]) {
    const double before = full.at(row["model"].get<std::string>()), after = row["values"][measure].get<double>();
    if (row["column"] != "full") all.push_back(relative ? (after - before) / std::abs(before) : after - before);
  }
  return all;
}

}  // namespace

TEST_CASE("studies: an unknown name is an error that suggests the nearest", "[studies]") {
  CHECK(find_study("self-explanations").source == "arXiv 2601.00282");
  CHECK_THROWS_WITH(find_study("self-explanation"), Catch::Contains("did you mean 'self-explanations'?"));
}

TEST_CASE("studies: columns are formats in their canonical spelling", "[studies]") {
  for (const Study& study : studies)
    for (const std::string_view column : study.columns) CHECK(parse_format(std::string(column)).name() == column);
}

TEST_CASE("studies: a protocol that this build has reports the measure, which has a direction where it is ranked",
          "[studies]") {
  const auto protocols = make_protocols();
  for (const Study& study : studies)
    for (const StudyPart& part : study.parts)
      for (const StudyMeasure& measure : part.measures)
        for (const auto& protocol : protocols) {
          if (protocol->name() != measure.protocol) continue;
          INFO(measure.name << ": " << measure.metric << " of " << measure.protocol);
          const std::vector<Metric> metrics = protocol->metrics();
          const auto found =
              std::ranges::find(metrics, measure.metric, [](const Metric& metric) { return metric.info.name; });
          REQUIRE(found != metrics.end());
          CHECK(found->info.kind != MetricKind::set_level);
          CHECK((measure.group == StudyGroup::beside || found->info.better != Better::neither));
        }
}

TEST_CASE("studies: the published table of self-explanations, by values and sums that are known of it", "[studies]") {
  const Study& study = find_study("self-explanations");
  const Json published = published_numbers(study);
  REQUIRE(published.is_object());
  CHECK(published["rows"].size() == 34);
  std::set<std::string> models;
  for (const Json& row : published["rows"]) {
    CHECK(row["values"].size() == published["measures"].size());
    CHECK(std::ranges::find(study.columns, row["column"].get<std::string>()) != study.columns.end());
    models.insert(row["model"].get<std::string>());
  }
  CHECK(models.size() == 6);
  const auto values = [&](const std::string& model, const std::string& column) {
    for (const Json& row : published["rows"])
      if (row["model"] == model && row["column"] == column) return row["values"];
    return Json();
  };
  CHECK(values("Qwen2.5-7B-Instruct", "bnb-nf4") ==
        Json{-6.69, -0.22, -4.35, -0.64, 67.4, 64.99, 0.57, 36, 95.26, 0.61});
  CHECK(values("Meta-Llama-3-70B-Instruct", "gptq-w4-g128")[4] == 63.27);
  CHECK(values("Meta-Llama-3-8B-Instruct", "gptq-w8-g128").is_null());
  CHECK(mean(changes(published, 4, false)) == Approx(0.18).margin(0.005));
  CHECK(mean(changes(published, 7, false)) == Approx(1.62).margin(0.005));
  CHECK(quantile(changes(published, 0, true), 0.5) == Approx(-0.006).margin(0.0005));
  CHECK(quantile(changes(published, 2, true), 0.5) == Approx(-0.002).margin(0.0005));
  CHECK(mean(changes(published, 0, true)) == Approx(-0.035).margin(0.0005));
  CHECK(mean(changes(published, 2, true)) == Approx(-0.034).margin(0.0005));
}

TEST_CASE("studies: what is published is a measure of some part, under the same name", "[studies]") {
  for (const Study& study : studies) {
    const Json published = published_numbers(study);
    for (const Json& measure : published["measures"]) {
      const bool is_measured = std::ranges::any_of(study.parts, [&](const StudyPart& part) {
        return measure["task"] == std::string(part.task) &&
               std::ranges::find(part.measures, measure["measure"].get<std::string>(), &StudyMeasure::name) !=
                   part.measures.end();
      });
      INFO(measure.dump());
      CHECK(is_measured);
    }
  }
}
