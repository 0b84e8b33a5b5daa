/// What a protocol found out about one item, and its JSON form in the journal.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/metrics/classification.hpp"
#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/metrics/perturbation.hpp"
#include "quantlens/tasks/transcript.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How records spell `no_label`.
inline constexpr std::string_view invalid_label = "invalid";

/// One item's outcome. `scores` holds every per-item metric of the protocol in its own unit; null: undefined for this
/// item. Set-level metrics are computed from `gold` and `predicted`, from `edits`, or from scores by `group`.
struct ItemRecord {
  std::string item_id;
  std::size_t gold = 0;
  std::size_t predicted = no_label;
  std::string gold_label;
  std::string predicted_label{invalid_label};
  std::string group;       ///< the item's
  bool label_tie = false;  ///< several labels shared the best score, and the first of them was taken
  std::map<std::string, std::optional<double>> scores;
  std::vector<EditOutcome> edits;  ///< of the perturb test
  Transcript transcript;
  std::size_t n_prompt_tokens = 0;  ///< of completions; label scoring is not counted
  std::size_t n_generated_tokens = 0;
  double seconds = 0;                  ///< this item's share of the calls to the model; those to `full` are left out
  std::optional<double> ttft_seconds;  ///< time to first token of the item's first completion

  /// Stores a score; what is no finite number is null, as JSON has no other way to say it.
  void set_score(const MetricInfo& metric, std::optional<double> value);

  friend bool operator==(const ItemRecord&, const ItemRecord&) = default;
};

/// Lossless: item_record_from_json gives an equal record back, also by way of text.
[[nodiscard]] nlohmann::json to_json(const ItemRecord& record);

/// Transcript and edits may be absent and are then empty.
/// Errors: InputError for JSON that is no record.
[[nodiscard]] ItemRecord item_record_from_json(const nlohmann::json& json);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/tasks/item_record_impl.hpp"
#endif
