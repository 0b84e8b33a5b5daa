/// What keys.hpp declares, defined.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>

#include "quantlens/bench/keys.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::string json_sha256(const nlohmann::json& value) {
  const std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return sha256_hex(std::as_bytes(std::span(text)));
}

QUANTLENS_INLINE std::string cell_key(const CellIdentity& cell) {
  nlohmann::json key{{"model", cell.model_sha256},
                     {"format", cell.format},
                     {"scheme", cell.scheme},
                     {"isa", cell.isa},
                     {"task", cell.task},
                     {"task_sha256", cell.task_sha256},
                     {"prompts", cell.prompts},
                     {"protocol", cell.protocol},
                     {"protocol_version", cell.protocol_version},
                     {"protocol_options", cell.protocol_options},
                     {"sampling", cell.sampling},
                     {"seed", cell.seed},
                     {"repetition", cell.repetition},
                     {"answers", cell.answers}};
  if (!cell.judge.is_null()) key["judge"] = cell.judge;
  // Where there are none, as in journals of before there could be any.
  if (!cell.second_models.empty()) key["second_models"] = cell.second_models;
  if (!cell.depends_on.empty()) key["depends_on"] = cell.depends_on;
  return json_sha256(key);
}

QUANTLENS_INLINE nlohmann::json item_json(const Item& item) {
  nlohmann::json insertions = nlohmann::json::array();
  for (const auto& [position, word, kind] : item.insertions) insertions.push_back({position, word, kind});
  return {{"id", item.id},
          {"fields", item.fields},
          {"label", item.label},
          {"references", item.references},
          {"insertions", std::move(insertions)},
          {"answers", item.answers},
          {"group", item.group}};
}

QUANTLENS_INLINE std::string item_key(const std::string& cell, const Item& item) {
  return json_sha256({{"cell", cell}, {"item", item_json(item)}});
}

QUANTLENS_INLINE std::string timing_key(const std::string& key, const TimingIdentity& timing) {
  return json_sha256({{"key", key},
                      {"threads", timing.threads},
                      {"batch", timing.batch},
                      {"chunk", timing.chunk},
                      {"shared_prefix", timing.shared_prefix},
                      {"cpu", timing.cpu}});
}

QUANTLENS_INLINE std::string format_key(const CellIdentity& cell) {
  return json_sha256({{"model", cell.model_sha256},
                      {"format", cell.format},
                      {"scheme", cell.scheme},
                      {"isa", cell.isa},
                      {"answers", cell.answers}});
}

}  // namespace quantlens::inline QUANTLENS_ABI
