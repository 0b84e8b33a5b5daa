/// Published studies as data: their columns, their tasks, and what they measure on these, in three groups.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What a measure tells of, in the order in which formats are ranked; `beside`: shown, and in no ranking.
enum class StudyGroup { accuracy, quality, faithfulness, beside };

inline constexpr StudyGroup ranked_groups[] = {StudyGroup::accuracy, StudyGroup::quality, StudyGroup::faithfulness};

/// As tables and results spell it.
[[nodiscard]] constexpr std::string_view study_group_name(StudyGroup group) {
  constexpr std::string_view names[] = {"task accuracy", "quality", "faithfulness", "beside"};
  return names[static_cast<std::size_t>(group)];
}

/// A metric of a protocol, under the name that the study gives it. Neither has to be known to a build.
struct StudyMeasure {
  std::string_view name;
  StudyGroup group;
  std::string_view protocol, metric;
  double scale = 1;             ///< of what is shown: 100 for per cent
  std::string_view needs = {};  ///< what a run has to be given for it
  bool is_published = true;     ///< whether the study itself measures it
};

/// What is measured of one task, or of another one that stands in for it where nobody brings the study's data.
struct StudyPart {
  std::string_view what;
  std::string_view task, stand_in;
  std::span<const StudyMeasure> measures;
};

struct Study {
  std::string_view name;
  std::string_view source;
  std::string_view published;  ///< the file of its numbers in docs/studies
  std::span<const std::string_view> columns;
  std::span<const StudyPart> parts;
};

/// "Can LLMs Still Explain Themselves?" (arXiv 2601.00282): free explanations and counterfactuals of a model and of
/// five quantized forms of it. The 4 bit of bitsandbytes is NF4 here, and GPTQ and AWQ have groups of 128.
namespace self_explanations {

inline constexpr std::string_view columns[] = {"full",         "bnb-nf4",      "bnb-int8",
                                               "gptq-w4-g128", "gptq-w8-g128", "awq-w4-g128"};

inline constexpr StudyMeasure explanations[] = {
    {.name = "accuracy", .group = StudyGroup::accuracy, .protocol = "nle", .metric = "accuracy"},
    {.name = "accuracy, reasoned", .group = StudyGroup::accuracy, .protocol = "chain_of_thought", .metric = "accuracy"},
    {.name = "BARTScore",
     .group = StudyGroup::quality,
     .protocol = "bart_score",
     .metric = "bart_score",
     .needs = "--bart DIR"},
    {.name = "TIGERScore",
     .group = StudyGroup::quality,
     .protocol = "tiger_score",
     .metric = "tiger_score",
     .needs = "--judge MODEL"},
    {.name = "ROUGE-L", .group = StudyGroup::quality, .protocol = "nle", .metric = "rouge_l", .is_published = false},
    {.name = "trustworthiness",
     .group = StudyGroup::beside,
     .protocol = "judged",
     .metric = "judge_trustworthiness",
     .needs = "--judge MODEL"},
    {.name = "coherence",
     .group = StudyGroup::beside,
     .protocol = "judged",
     .metric = "judge_coherence",
     .needs = "--judge MODEL"},
    {.name = "counterfactual test %",
     .group = StudyGroup::faithfulness,
     .protocol = "perturb_test",
     .metric = "first_flip_faithful",
     .scale = 100},
    {.name = "biasing features %",
     .group = StudyGroup::faithfulness,
     .protocol = "biasing_features",
     .metric = "suggestion_faithful",
     .scale = 100},
    {.name = "CC-SHAP",
     .group = StudyGroup::faithfulness,
     .protocol = "cc_shap",
     .metric = "cc_shap",
     .needs = "--tasks with TASK/cc_shap: hundreds of evaluations an item"}};

inline constexpr StudyMeasure counterfactuals[] = {
    {.name = "accuracy", .group = StudyGroup::accuracy, .protocol = "counterfactual", .metric = "accuracy"},
    {.name = "LFR %", .group = StudyGroup::quality, .protocol = "counterfactual", .metric = "flip_hard", .scale = 100},
    {.name = "PPL", .group = StudyGroup::quality, .protocol = "counterfactual", .metric = "perplexity"},
    {.name = "TS", .group = StudyGroup::quality, .protocol = "counterfactual", .metric = "edit_distance"},
    {.name = "self-consistency %",
     .group = StudyGroup::faithfulness,
     .protocol = "self_consistency_counterfactual",
     .metric = "faithful_all",
     .scale = 100}};

inline constexpr StudyPart parts[] = {{"explanations", "esnli", "world_nli", explanations},
                                      {"explanations", "healthfc", "world_topic", explanations},
                                      {"counterfactuals", "esnli", "world_nli", counterfactuals},
                                      {"counterfactuals", "agnews", "world_topic", counterfactuals}};

}  // namespace self_explanations

inline constexpr Study studies[] = {
    {"self-explanations", "arXiv 2601.00282", "2601.00282.json", self_explanations::columns, self_explanations::parts}};

/// Errors: InputError for an unknown name, with the nearest known one.
[[nodiscard]] inline const Study& find_study(std::string_view name) {
  const auto found = std::ranges::find(studies, name, &Study::name);
  if (found != std::ranges::end(studies)) return *found;
  std::vector<std::string> known;
  for (const Study& study : studies) known.emplace_back(study.name);
  throw unknown_name("study", name, known);
}

}  // namespace quantlens::inline QUANTLENS_ABI
