/// Rows of text in a .jsonl file: a text, a prompt with its completion, or a chat.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/jsonl.hpp"
#include "quantlens/models/chat_encoder.hpp"

namespace quantlens::inline v0_1 {

/// What a model is given and what follows. A text alone has no prompt; of a chat the last message follows.
struct TextRow {
  std::vector<ChatMessage> chat;  ///< with its last message; empty: no chat
  std::string prompt, completion;

  /// The whole row. Shape: [n_tokens].
  [[nodiscard]] std::vector<TokenId> tokens(const ChatEncoder& encoder) const {
    return chat.empty() ? encoder.encode_plain(prompt + completion) : encoder.encode(encoder.dialogue_text(chat));
  }

  /// What follows, to be predicted from what is given.
  [[nodiscard]] ScoreRequest prediction(const ChatEncoder& encoder) const {
    if (chat.empty()) return encoder.score_requests({{{}, prompt}, {completion}}).front();
    return encoder.score_requests({{{chat.begin(), chat.end() - 1}, ""}, {chat.back().content}}).front();
  }
};

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

/// `number`, from 1, says where the row stands in its file. Errors: InputError "calibration" for a row that is none of
/// the three.
[[nodiscard]] inline TextRow text_row(const nlohmann::json& row, const std::filesystem::path& file,
                                      std::size_t number) {
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

}  // namespace quantlens::inline v0_1
