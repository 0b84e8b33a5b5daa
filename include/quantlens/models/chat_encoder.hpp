/// Chats and texts as one file's template and tokenizer read them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/checkpoints/load.hpp"
#include "quantlens/jinja/chat_rules.hpp"
#include "quantlens/jinja/chat_template.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/runtime/engine.hpp"
#include "quantlens/text/tokenizer.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Turns chats into token ids as one file's template and tokenizer do.
class ChatEncoder {
 public:
  explicit ChatEncoder(const ModelFile& file);

  [[nodiscard]] const Tokenizer& tokenizer() const noexcept { return tokenizer_; }

  /// A chat as one text, ready for encode(): contents guarded, the template's special tokens not. A model without a
  /// template gets the contents with blank lines between and after them.
  [[nodiscard]] std::string text_of(const Prompt& prompt) const;

  /// A chat that holds its answers, too, ready for encode(): nothing is left to generate.
  [[nodiscard]] std::string dialogue_text(std::span<const ChatMessage> messages) const;

  /// Token ids of what the model is asked.
  [[nodiscard]] std::vector<TokenId> encode(const Prompt& prompt) const;

  /// Token ids of text_of()'s text. Templates write the beginning-of-text token themselves; without a template the
  /// model's own rule adds it.
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const;

  /// Plain text, with BOS where the model's own rules add it, never EOS. Special-token strings in it are plain text,
  /// too, or with `parse_special` tokens; then a text that begins with BOS gets no second one.
  [[nodiscard]] std::vector<TokenId> encode_plain(std::string_view text, bool parse_special = false) const;

  /// One request for each continuation, with the same context, as join() cuts them. `parse_special` as in encode_plain,
  /// for prompts that are no chats. Errors: those of join().
  [[nodiscard]] std::vector<ScoreRequest> score_requests(const ContinuationRequest& request,
                                                         bool parse_special = false) const;

  /// What a completion goes on from, and the end of the prompt that it repeats first.
  struct Opening {
    std::vector<TokenId> tokens;
    std::vector<TokenId> repeated;              ///< the prompt's tokens behind `tokens`; mostly none
    std::vector<std::vector<TokenId>> answers;  ///< what follows `tokens` in each of the expected answers
  };

  [[nodiscard]] Opening opening(const CompletionRequest& request) const;

 private:
  /// A context alone and with each of its continuations, as token ids.
  struct Joined {
    std::vector<TokenId> context;
    std::vector<std::vector<TokenId>> wholes;
    std::size_t start = 0;  ///< where continuations are scored from: what all of these have in common before it
  };

  /// The chat is rendered once. Errors: ItemError for an empty continuation, or one before which there is no token and
  /// which is only one itself.
  [[nodiscard]] Joined join(const Prompt& prompt, std::span<const std::string> continuations,
                            bool parse_special = false) const;

  /// Errors: InputError for a template that refuses every chat, ItemError for one that refuses this chat.
  [[nodiscard]] std::string render(std::span<const ChatMessage> chat, bool add_generation_prompt) const;

  void add_bos(std::vector<TokenId>& ids) const;

  Tokenizer tokenizer_;
  ChatRules rules_;
  std::optional<ChatTemplate> template_;
  std::string bos_text_, eos_text_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/models/chat_encoder_impl.hpp"
#endif
