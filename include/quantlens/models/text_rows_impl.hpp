/// What text_rows.hpp declares, defined.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/io/jsonl.hpp"
#include "quantlens/models/text_rows.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<TokenId> TextRow::tokens(const ChatEncoder& encoder) const {
  return chat.empty() ? encoder.encode_plain(prompt + completion) : encoder.encode(encoder.dialogue_text(chat));
}

QUANTLENS_INLINE ScoreRequest TextRow::prediction(const ChatEncoder& encoder) const {
  if (chat.empty()) return encoder.score_requests({{{}, prompt}, {completion}}).front();
  return encoder.score_requests({{{chat.begin(), chat.end() - 1}, ""}, {chat.back().content}}).front();
}

namespace text_rows_detail {

/// A row of one file; `number` counts from 1.
struct Place {
  const std::filesystem::path& file;
  std::size_t number;

  [[nodiscard]] InputError bad(std::string_view why) const {
    return {"calibration",
            concat(file.string(), " value ", number, ": ", why, "; expected {\"text\": ...}, {\"prompt\": ..., ",
                   "\"completion\": ...} or {\"messages\": [{\"role\": ..., \"content\": ...}, ...]}")};
  }

  [[nodiscard]] std::string text(const nlohmann::json& object, const char* key) const {
    if (!object.is_object() || !object.contains(key) || !object[key].is_string())
      throw bad(concat("no text '", key, "'"));
    return object[key].get<std::string>();
  }
};

}  // namespace text_rows_detail

QUANTLENS_INLINE TextRow text_row(const nlohmann::json& row, const std::filesystem::path& file, std::size_t number) {
  const text_rows_detail::Place place{file, number};
  if (row.is_object() && row.contains("prompt")) return {{}, place.text(row, "prompt"), place.text(row, "completion")};
  if (!row.is_object() || !row.contains("messages")) return {{}, {}, place.text(row, "text")};
  const nlohmann::json& messages = row["messages"];
  if (!messages.is_array() || messages.empty()) throw place.bad("'messages' is no list of messages");
  TextRow result;
  for (const nlohmann::json& message : messages)
    result.chat.push_back({place.text(message, "role"), place.text(message, "content")});
  return result;
}

}  // namespace quantlens::inline QUANTLENS_ABI
