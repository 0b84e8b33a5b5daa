/// The facts of a metric, once: its name in results, which direction is better, how its statistics are made.
#pragma once

#include <limits>
#include <optional>
#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Which direction of a metric is an improvement.
enum class Better { higher, lower, neither };

/// How a metric is summarised over items.
enum class MetricKind {
  binary,    ///< 0, 1 or null for each item; the value is a proportion
  real,      ///< a number or null for each item; the value is their mean
  set_level  ///< defined on a set of items only, such as macro-F1
};

/// One metric as rows and protocols know it.
struct MetricInfo {
  std::string_view name;
  Better better;
  MetricKind kind;
  double largest_difference = std::numeric_limits<double>::infinity();  ///< of two values: the width of the range
  bool beside = false;  ///< said of every row of a kind, beside what its protocol is for: tables show it in a line

  friend constexpr bool operator==(const MetricInfo&, const MetricInfo&) = default;
};

/// The metrics of the protocols here, by the name that they have in results: `metric::rouge_l.name` is "rouge_l".
namespace metric {
inline constexpr MetricInfo accuracy{"accuracy", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo macro_f1{"macro_f1", Better::higher, MetricKind::set_level, 1};
inline constexpr MetricInfo rouge_l{"rouge_l", Better::higher, MetricKind::real, 1};
inline constexpr MetricInfo token_f1{"token_f1", Better::higher, MetricKind::real, 1};
inline constexpr MetricInfo bart_score{"bart_score", Better::higher, MetricKind::real};
inline constexpr MetricInfo bart_score_to_reference{"bart_score_to_reference", Better::higher, MetricKind::real};
inline constexpr MetricInfo bart_score_from_reference{"bart_score_from_reference", Better::higher, MetricKind::real};
inline constexpr MetricInfo bert_score_precision{"bert_score_precision", Better::higher, MetricKind::real};
inline constexpr MetricInfo bert_score_recall{"bert_score_recall", Better::higher, MetricKind::real};
inline constexpr MetricInfo bert_score_f1{"bert_score_f1", Better::higher, MetricKind::real};
inline constexpr MetricInfo explanation_words{"explanation_words", Better::neither, MetricKind::real};
inline constexpr MetricInfo degenerate_rate{"degenerate_rate", Better::lower, MetricKind::binary, 1};
inline constexpr MetricInfo flip_hard{"flip_hard", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo flip_soft{"flip_soft", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo perplexity{"perplexity", Better::lower, MetricKind::real};
inline constexpr MetricInfo edit_distance{"edit_distance", Better::lower, MetricKind::real};
inline constexpr MetricInfo copy_rate{"copy_rate", Better::lower, MetricKind::binary, 1};
inline constexpr MetricInfo parse_failure_rate{"parse_failure_rate", Better::lower, MetricKind::binary, 1};
inline constexpr MetricInfo faithfulness{"faithfulness", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo faithful_all{"faithful_all", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo mismatch_rate{"mismatch_rate", Better::lower, MetricKind::binary, 1};
inline constexpr MetricInfo flipped_share{"flipped_share", Better::neither, MetricKind::binary, 1};
inline constexpr MetricInfo unfaithful_share{"unfaithful_share", Better::lower, MetricKind::binary, 1};
inline constexpr MetricInfo unfaithful_share_of_flipped{"unfaithful_share_of_flipped", Better::lower,
                                                        MetricKind::binary, 1};
inline constexpr MetricInfo first_flip_faithful{"first_flip_faithful", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo flips_mentioned{"flips_mentioned", Better::higher, MetricKind::set_level, 1};
inline constexpr MetricInfo cct{"cct", Better::higher, MetricKind::set_level, 2};
inline constexpr MetricInfo phi_cct{"phi_cct", Better::higher, MetricKind::set_level, 2};
inline constexpr MetricInfo cc_shap{"cc_shap", Better::higher, MetricKind::real, 2};
inline constexpr MetricInfo cc_shap_correlation{"cc_shap_correlation", Better::higher, MetricKind::real, 2};
inline constexpr MetricInfo cc_shap_spearman{"cc_shap_spearman", Better::higher, MetricKind::real, 2};
inline constexpr MetricInfo recall_top1{"recall_top1", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo recall_strict{"recall_strict", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo recall_full{"recall_full", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo recall_macro{"recall_macro", Better::higher, MetricKind::set_level, 1};
inline constexpr MetricInfo first_hop{"first_hop", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo second_hop{"second_hop", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo two_hop{"two_hop", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo two_hop_given_hops{"two_hop_given_hops", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo valid_edits{"valid_edits", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo changed_share{"changed_share", Better::neither, MetricKind::real, 1};
inline constexpr MetricInfo flip_hard_valid{"flip_hard_valid", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo flip_soft_valid{"flip_soft_valid", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo flip_control{"flip_control", Better::neither, MetricKind::binary, 1};
inline constexpr MetricInfo flip_above_control{"flip_above_control", Better::higher, MetricKind::real, 2};
inline constexpr MetricInfo faithfulness_valid{"faithfulness_valid", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo faithful_control{"faithful_control", Better::neither, MetricKind::binary, 1};
inline constexpr MetricInfo faithful_above_control{"faithful_above_control", Better::higher, MetricKind::real, 2};
inline constexpr MetricInfo reasoning_cut_rate{"reasoning_cut_rate", Better::lower, MetricKind::binary, 1};
inline constexpr MetricInfo reasoning_tokens{"reasoning_tokens", Better::neither, MetricKind::real};
inline constexpr MetricInfo repeat_agreement{"repeat_agreement", Better::higher, MetricKind::real, 1};
inline constexpr MetricInfo aoc{"aoc", Better::neither, MetricKind::real, 1};
inline constexpr MetricInfo soft_aoc{"soft_aoc", Better::neither, MetricKind::real, 1};
inline constexpr MetricInfo mistakes_changed{"mistakes_changed", Better::neither, MetricKind::binary, 1};
inline constexpr MetricInfo mistakes_control_changed{"mistakes_control_changed", Better::neither, MetricKind::binary,
                                                     1};
inline constexpr MetricInfo mistakes_above_control{"mistakes_above_control", Better::higher, MetricKind::real, 2};
inline constexpr MetricInfo mistakes_share{"mistakes_share", Better::neither, MetricKind::real, 1};
inline constexpr MetricInfo filler_changed{"filler_changed", Better::neither, MetricKind::binary, 1};
inline constexpr MetricInfo suggestion_faithful{"suggestion_faithful", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo susceptibility{"susceptibility", Better::lower, MetricKind::binary, 1};
inline constexpr MetricInfo silent_moves{"silent_moves", Better::lower, MetricKind::binary, 1};
inline constexpr MetricInfo suggestion_accuracy_drop{"suggestion_accuracy_drop", Better::lower, MetricKind::real, 2};
inline constexpr MetricInfo suggestion_mentioned{"suggestion_mentioned", Better::neither, MetricKind::binary, 1};
inline constexpr MetricInfo suggestion_mentioned_unasked{"suggestion_mentioned_unasked", Better::lower,
                                                         MetricKind::binary, 1};
inline constexpr MetricInfo hints_followed{"hints_followed", Better::lower, MetricKind::real, 1};
inline constexpr MetricInfo hints_followed_by_chance{"hints_followed_by_chance", Better::neither, MetricKind::real, 1};
inline constexpr MetricInfo hints_followed_openly{"hints_followed_openly", Better::neither, MetricKind::real, 1};
inline constexpr MetricInfo hints_mentioned_unasked{"hints_mentioned_unasked", Better::lower, MetricKind::real, 1};
inline constexpr MetricInfo hints_acknowledged{"hints_acknowledged", Better::higher, MetricKind::set_level, 1};
inline constexpr MetricInfo hint_alpha{"hint_alpha", Better::neither, MetricKind::set_level, 1};
inline constexpr MetricInfo hint_faithfulness{"hint_faithfulness", Better::higher, MetricKind::set_level, 1};
inline constexpr MetricInfo judge_coherence{"judge_coherence", Better::higher, MetricKind::real, 4};
inline constexpr MetricInfo judge_trustworthiness{"judge_trustworthiness", Better::higher, MetricKind::real, 4};
inline constexpr MetricInfo judge_mass{"judge_mass", Better::higher, MetricKind::real, 1};
inline constexpr MetricInfo judge_unparsed{"judge_unparsed", Better::lower, MetricKind::binary, 1};
inline constexpr MetricInfo las{"las", Better::higher, MetricKind::set_level, 2};
inline constexpr MetricInfo simulatability_gain{"simulatability_gain", Better::higher, MetricKind::real, 2};
inline constexpr MetricInfo simulated_with{"simulated_with", Better::higher, MetricKind::binary, 1};
inline constexpr MetricInfo simulated_without{"simulated_without", Better::neither, MetricKind::binary, 1};
inline constexpr MetricInfo explanation_leaks{"explanation_leaks", Better::neither, MetricKind::binary, 1};
inline constexpr MetricInfo tiger_score{"tiger_score", Better::higher, MetricKind::real};
inline constexpr MetricInfo tiger_score_itemized{"tiger_score_itemized", Better::higher, MetricKind::real};
inline constexpr MetricInfo tiger_errors{"tiger_errors", Better::lower, MetricKind::real};
inline constexpr MetricInfo embedding_similarity{"embedding_similarity", Better::higher, MetricKind::real, 2};
inline constexpr MetricInfo repeated_share{"repeated_share", Better::lower, MetricKind::real, 1, true};
inline constexpr MetricInfo copied_share{"copied_share", Better::neither, MetricKind::real, 1, true};
inline constexpr MetricInfo grounded_share{"grounded_share", Better::neither, MetricKind::real, 1, true};
inline constexpr MetricInfo same_label{"same_label", Better::higher, MetricKind::set_level, 1, true};
inline constexpr MetricInfo label_confidence{"label_confidence", Better::neither, MetricKind::real, 1, true};
inline constexpr MetricInfo brier{"brier", Better::lower, MetricKind::real, 1, true};
inline constexpr MetricInfo ece{"ece", Better::lower, MetricKind::set_level, 1, true};
inline constexpr MetricInfo ace{"ace", Better::lower, MetricKind::set_level, 1, true};
inline constexpr MetricInfo type2_auroc{"type2_auroc", Better::higher, MetricKind::set_level, 1, true};
inline constexpr MetricInfo generated_tokens{"generated_tokens", Better::neither, MetricKind::real,
                                             std::numeric_limits<double>::infinity(), true};
}  // namespace metric

/// "higher", "lower", or none where neither direction is better: the `better` of results.
[[nodiscard]] constexpr std::optional<std::string_view> better_name(Better better) {
  switch (better) {
    case Better::higher:
      return "higher";
    case Better::lower:
      return "lower";
    case Better::neither:
      break;
  }
  return std::nullopt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
