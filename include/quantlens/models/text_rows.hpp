/// Rows of text in a .jsonl file: a text, a prompt with its completion, or a chat.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/models/chat_encoder.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What a model is given and what follows. A text alone has no prompt; of a chat the last message follows.
struct TextRow {
  std::vector<ChatMessage> chat;  ///< with its last message; empty: no chat
  std::string prompt, completion;

  /// The whole row. Shape: [n_tokens].
  [[nodiscard]] std::vector<TokenId> tokens(const ChatEncoder& encoder) const;

  /// What follows, to be predicted from what is given.
  [[nodiscard]] ScoreRequest prediction(const ChatEncoder& encoder) const;
};

/// `number`, from 1, says where the row stands in its file. Errors: InputError "calibration" for a row that is none of
/// the three.
[[nodiscard]] TextRow text_row(const nlohmann::json& row, const std::filesystem::path& file, std::size_t number);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/models/text_rows_impl.hpp"
#endif
