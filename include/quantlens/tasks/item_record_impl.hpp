/// What item_record.hpp declares, defined.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/tasks/item_record.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE void ItemRecord::set_score(const MetricInfo& metric, std::optional<double> value) {
  scores[std::string(metric.name)] = value && std::isfinite(*value) ? value : std::nullopt;
}

namespace detail {

[[nodiscard]] inline nlohmann::json optional_json(std::optional<double> value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

[[nodiscard]] inline std::optional<double> optional_number(const nlohmann::json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

[[nodiscard]] inline nlohmann::json edits_json(const std::vector<EditOutcome>& edits) {
  nlohmann::json list = nlohmann::json::array();
  for (const EditOutcome& edit : edits)
    list.push_back({{"impact", edit.impact}, {"flipped", edit.flipped}, {"mentioned", edit.mentioned}});
  return list;
}

[[nodiscard]] inline std::vector<EditOutcome> edits_from_json(const nlohmann::json& list) {
  std::vector<EditOutcome> edits;
  for (const nlohmann::json& edit : list)
    edits.push_back(
        {edit.at("impact").get<double>(), edit.at("flipped").get<bool>(), edit.at("mentioned").get<bool>()});
  return edits;
}

}  // namespace detail

QUANTLENS_INLINE nlohmann::json to_json(const ItemRecord& record) {
  nlohmann::json scores = nlohmann::json::object();
  for (const auto& [name, value] : record.scores) scores[name] = detail::optional_json(value);
  return {{"item_id", record.item_id},
          {"gold", record.gold},
          {"predicted", record.predicted == no_label ? nlohmann::json(nullptr) : nlohmann::json(record.predicted)},
          {"gold_label", record.gold_label},
          {"predicted_label", record.predicted_label},
          {"group", record.group},
          {"label_tie", record.label_tie},
          {"scores", std::move(scores)},
          {"edits", detail::edits_json(record.edits)},
          {"transcript", record.transcript.json()},
          {"n_prompt_tokens", record.n_prompt_tokens},
          {"n_generated_tokens", record.n_generated_tokens},
          {"seconds", record.seconds},
          {"ttft_seconds", detail::optional_json(record.ttft_seconds)}};
}

QUANTLENS_INLINE ItemRecord item_record_from_json(const nlohmann::json& json) {
  try {
    ItemRecord record;
    json.at("item_id").get_to(record.item_id);
    json.at("gold").get_to(record.gold);
    if (!json.at("predicted").is_null()) json.at("predicted").get_to(record.predicted);
    json.at("gold_label").get_to(record.gold_label);
    json.at("predicted_label").get_to(record.predicted_label);
    json.at("group").get_to(record.group);
    json.at("label_tie").get_to(record.label_tie);
    for (const auto& [name, value] : json.at("scores").items()) record.scores[name] = detail::optional_number(value);
    record.edits = detail::edits_from_json(json.value("edits", nlohmann::json::array()));
    record.transcript = Transcript(json.value("transcript", nlohmann::json::array()));
    json.at("n_prompt_tokens").get_to(record.n_prompt_tokens);
    json.at("n_generated_tokens").get_to(record.n_generated_tokens);
    json.at("seconds").get_to(record.seconds);
    record.ttft_seconds = detail::optional_number(json.at("ttft_seconds"));
    return record;
  } catch (const nlohmann::json::exception& error) {
    throw InputError("item_record", error.what());
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
