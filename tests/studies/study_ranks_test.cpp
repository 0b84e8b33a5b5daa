#include "quantlens/studies/study_ranks.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "study_rows.hpp"

using namespace quantlens;
using quantlens::test::StudyRows;

namespace {

using Names = std::vector<std::string>;

const TaskProtocol nle{"topics", "nle"}, edits{"topics", "counterfactual"};

constexpr StudyMeasure explained[] = {
    {.name = "accuracy", .group = StudyGroup::accuracy, .protocol = "nle", .metric = "accuracy"},
    {.name = "ROUGE-L", .group = StudyGroup::quality, .protocol = "nle", .metric = "rouge_l"}};
constexpr StudyMeasure edited[] = {
    {.name = "accuracy", .group = StudyGroup::accuracy, .protocol = "counterfactual", .metric = "accuracy"},
    {.name = "PPL", .group = StudyGroup::quality, .protocol = "counterfactual", .metric = "perplexity"}};
constexpr StudyPart two_parts[] = {{"explanations", "topics", "", explained},
                                   {"counterfactuals", "topics", "", edited}};
constexpr Study two_part_study{"two", "nobody", "none.json", {}, two_parts};

/// `n` items of which the first `right` score 1.
std::vector<double> first_right(std::size_t right, std::size_t n = 20) {
  std::vector<double> scores(n, 0.0);
  std::fill_n(scores.begin(), right, 1.0);
  return scores;
}

std::optional<MeanRanks> ranks_of(const StudyRows& run, StudyGroup group) {
  const bench_detail::RankedRows rows(run.rows);
  const Names tasks{"topics", "topics"};
  return mean_ranks(group, group_measures(two_part_study, group, tasks, rows), rows, 1);
}

Names names_of(const MeanRanks& ranks, bool contend = false) {
  Names names;
  for (const MeanRank& format : ranks.formats)
    if (format.contends || !contend) names.push_back(format.format);
  return names;
}

}  // namespace

TEST_CASE("study ranks: the mean over measures of each format's place by its change, equals sharing theirs",
          "[studies]") {
  StudyRows run;
  run.add(nle, "full", metric::rouge_l, {0.5, 0.5}, std::nullopt);
  run.add(nle, "rtn-w2", metric::rouge_l, {0.4, 0.4}, -0.1);
  run.add(nle, "rtn-w4", metric::rouge_l, {0.4, 0.4}, -0.1);
  run.add(nle, "rtn-w8", metric::rouge_l, {0.5, 0.5}, 0.0);
  run.add(edits, "rtn-w2", metric::perplexity, {13, 13}, 3);
  run.add(edits, "rtn-w4", metric::perplexity, {8, 8}, -2);
  run.add(edits, "rtn-w8", metric::perplexity, {11, 11}, 1);
  const auto ranks = ranks_of(run, StudyGroup::quality);
  REQUIRE(ranks);
  CHECK(names_of(*ranks) == Names{"rtn-w8", "rtn-w4", "rtn-w2"});
  CHECK(ranks->formats[0].rank == 1.5);               // 1 and 2
  CHECK(ranks->formats[1].rank == 1.75);              // 2.5 and 1
  CHECK(ranks->formats[2].rank == 2.75);              // 2.5 and 3
  CHECK(names_of(*ranks, true) == names_of(*ranks));  // two items decide nothing
  CHECK_FALSE(ranks->all_equal);
  CHECK_FALSE(ranks_of(run, StudyGroup::faithfulness));
}

TEST_CASE("study ranks: decided where every rival is worse in one measure at least and better in none", "[studies]") {
  StudyRows run;
  run.add(nle, "rtn-w8", metric::rouge_l, std::vector<double>(12, 0.5), 0);
  run.add(nle, "rtn-w2", metric::rouge_l, std::vector<double>(12, 0.25), -0.25);
  run.add(edits, "rtn-w8", metric::perplexity, std::vector<double>(12, 10), 0);
  run.add(edits, "rtn-w2", metric::perplexity, std::vector<double>(12, 10), 0);
  const auto ranks = ranks_of(run, StudyGroup::quality);
  REQUIRE(ranks);
  CHECK(ranks->formats[0].rank == 1.25);
  // All twelve items point one way: p = 2 / 2^12, doubled for the two measures.
  CHECK(names_of(*ranks, true) == Names{"rtn-w8"});

  StudyRows mixed;
  mixed.add(nle, "rtn-w8", metric::rouge_l, std::vector<double>(12, 0.5), 0);
  mixed.add(nle, "rtn-w2", metric::rouge_l, std::vector<double>(12, 0.25), -0.25);
  mixed.add(edits, "rtn-w8", metric::perplexity, std::vector<double>(12, 10), 0);
  mixed.add(edits, "rtn-w2", metric::perplexity, std::vector<double>(12, 9), -1);
  const auto undecided = ranks_of(mixed, StudyGroup::quality);
  REQUIRE(undecided);
  CHECK(names_of(*undecided, true) == Names{"rtn-w8", "rtn-w2"});
}

TEST_CASE("study ranks: a comparison is corrected for all others of the group", "[studies]") {
  // Six items that all point one way: p = 2 / 2^6 = 0.031, which counts alone and not as one of two.
  StudyRows run;
  run.add(nle, "rtn-w8", metric::accuracy, first_right(12), 0);
  run.add(nle, "rtn-w2", metric::accuracy, first_right(6), -0.3);
  const auto decided = ranks_of(run, StudyGroup::accuracy);
  REQUIRE(decided);
  CHECK(names_of(*decided, true) == Names{"rtn-w8"});
  run.add(nle, "rtn-w4", metric::accuracy, first_right(12), 0);
  const auto undecided = ranks_of(run, StudyGroup::accuracy);
  REQUIRE(undecided);
  CHECK(names_of(*undecided, true) == Names{"rtn-w8", "rtn-w4", "rtn-w2"});
}

TEST_CASE("study ranks: a task's measure counts once, and formats that lack one are left out", "[studies]") {
  StudyRows run;
  for (const TaskProtocol& what : {nle, edits}) {
    run.add(what, "rtn-w8", metric::accuracy, first_right(12), 0);
    run.add(what, "rtn-w4", metric::accuracy, first_right(12), 0);
  }
  run.add(edits, "rtn-w2", metric::accuracy, first_right(2), -0.5);
  run.add(nle, "rtn-w3", metric::accuracy, first_right(2), -0.5).error = "it did not fit";
  const auto ranks = ranks_of(run, StudyGroup::accuracy);
  REQUIRE(ranks);
  CHECK(ranks->measures.size() == 1);
  CHECK(ranks->measures[0].what == nle);
  CHECK(ranks->left_out == Names{"rtn-w2", "rtn-w3"});
  CHECK(ranks->all_equal);
  CHECK(ranks->formats[0].rank == 1.5);
}
