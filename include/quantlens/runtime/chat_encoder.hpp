/// Chats and texts as one file's template and tokenizer read them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/runtime/engine.hpp"
#include "quantlens/text/chat_template.hpp"
#include "quantlens/text/tokenizer.hpp"
#include "quantlens/weights/load.hpp"

namespace quantlens::inline v0_1 {

/// Turns chats into token ids as one file's template and tokenizer do.
class ChatEncoder {
 public:
  explicit ChatEncoder(const ModelFile& file)
      : tokenizer_(file.tokenizer), bos_text_(file.bos_text), eos_text_(file.eos_text) {
    if (!file.chat_template.empty()) template_.emplace(file.chat_template);
  }

  [[nodiscard]] const Tokenizer& tokenizer() const noexcept { return tokenizer_; }

  /// A chat as one text, ready for encode(): contents guarded, the template's special tokens not. A model without a
  /// template gets the contents with blank lines between and after them.
  [[nodiscard]] std::string text_of(const Prompt& prompt) const {
    return render(prompt.messages, true) + tokenizer_.guard_content(prompt.answer_prefix);
  }

  /// A chat that holds its answers, too, ready for encode(): nothing is left to generate.
  [[nodiscard]] std::string dialogue_text(std::span<const ChatMessage> messages) const {
    return render(messages, false);
  }

  /// Token ids of what the model is asked.
  [[nodiscard]] std::vector<TokenId> encode(const Prompt& prompt) const {
    return prompt.messages.empty() ? encode_plain(prompt.answer_prefix) : encode(text_of(prompt));
  }

  /// Token ids of text_of()'s text. Templates write the beginning-of-text token themselves; without a template the
  /// model's own rule adds it.
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const {
    std::vector<TokenId> ids = tokenizer_.encode(text, {.parse_special = true});
    if (!template_) add_bos(ids);
    return ids;
  }

  /// Plain text, with BOS where the model's own rules add it, never EOS. Special-token strings in it are plain text,
  /// too.
  [[nodiscard]] std::vector<TokenId> encode_plain(std::string_view text) const {
    std::vector<TokenId> ids = tokenizer_.encode(text);
    add_bos(ids);
    return ids;
  }

  /// Context and continuation as one string, tokenized and split; trailing blanks of the context go with the
  /// continuation.
  [[nodiscard]] ScoreRequest score_request(const ContinuationRequest& request) const {
    if (request.prompt.messages.empty())
      return split_request(request.prompt.answer_prefix, request.continuation,
                           [this](std::string_view text) { return encode_plain(text); });
    return split_request(text_of(request.prompt), tokenizer_.guard_content(request.continuation),
                         [this](std::string_view text) { return encode(text); });
  }

  /// `encode(text)` gives token ids. Shapes: the two parts together are encode(context + continuation).
  template <class Encode>
  [[nodiscard]] static ScoreRequest split_request(std::string context, std::string continuation, Encode&& encode) {
    const std::size_t end = context.find_last_not_of(" \t\r\n");
    const std::size_t kept = end == std::string::npos ? 0 : end + 1;
    continuation.insert(0, context, kept);
    context.resize(kept);
    const std::vector<TokenId> whole = encode(context + continuation);
    const std::size_t n_context = std::min(encode(context).size(), whole.size());
    const auto split = whole.begin() + static_cast<std::ptrdiff_t>(n_context);
    return {{whole.begin(), split}, {split, whole.end()}};
  }

 private:
  [[nodiscard]] std::string render(std::span<const ChatMessage> chat, bool add_generation_prompt) const {
    if (!template_) {
      std::string text;
      for (const ChatMessage& message : chat) text += tokenizer_.guard_content(message.content) + "\n\n";
      return text;
    }
    nlohmann::ordered_json messages = nlohmann::ordered_json::array();
    for (const ChatMessage& message : chat)
      messages.push_back({{"role", message.role}, {"content", tokenizer_.guard_content(message.content)}});
    return template_->render({{"messages", std::move(messages)},
                              {"add_generation_prompt", add_generation_prompt},
                              {"tools", nullptr},
                              {"documents", nullptr},
                              {"bos_token", bos_text_},
                              {"eos_token", eos_text_}});
  }

  void add_bos(std::vector<TokenId>& ids) const {
    if (tokenizer_.adds_bos()) ids.insert(ids.begin(), *tokenizer_.bos());
  }

  Tokenizer tokenizer_;
  std::optional<ChatTemplate> template_;
  std::string bos_text_, eos_text_;
};

}  // namespace quantlens::inline v0_1
