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

#include "quantlens/checkpoints/load.hpp"
#include "quantlens/jinja/chat_rules.hpp"
#include "quantlens/jinja/chat_template.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/runtime/engine.hpp"
#include "quantlens/text/tokenizer.hpp"

namespace quantlens::inline v0_1 {

/// Turns chats into token ids as one file's template and tokenizer do.
class ChatEncoder {
 public:
  explicit ChatEncoder(const ModelFile& file)
      : tokenizer_(file.tokenizer), rules_(file.chat), bos_text_(file.bos_text), eos_text_(file.eos_text) {
    if (!file.chat_template.empty() && rules_.refusal.empty()) template_.emplace(file.chat_template);
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
  /// too, or with `parse_special` tokens; then a text that begins with BOS gets no second one.
  [[nodiscard]] std::vector<TokenId> encode_plain(std::string_view text, bool parse_special = false) const {
    std::vector<TokenId> ids = tokenizer_.encode(text, {.parse_special = parse_special});
    if (!parse_special || ids.empty() || ids.front() != tokenizer_.bos()) add_bos(ids);
    return ids;
  }

  /// One request for each continuation, with the same context, as join() cuts them. `parse_special` as in encode_plain,
  /// for prompts that are no chats. Errors: those of join().
  [[nodiscard]] std::vector<ScoreRequest> score_requests(const ContinuationRequest& request,
                                                         bool parse_special = false) const {
    const Joined joined = join(request.prompt, request.continuations, parse_special);
    const auto start = static_cast<std::ptrdiff_t>(joined.start);
    std::vector<ScoreRequest> requests;
    for (const std::vector<TokenId>& whole : joined.wholes)
      requests.push_back({{whole.begin(), whole.begin() + start}, {whole.begin() + start, whole.end()}});
    return requests;
  }

  /// What a completion goes on from, and the end of the prompt that it repeats first.
  struct Opening {
    std::vector<TokenId> tokens;
    std::vector<TokenId> repeated;  ///< the prompt's tokens behind `tokens`; mostly none
  };

  [[nodiscard]] Opening opening(const CompletionRequest& request) const {
    const Joined joined = join(request.prompt, request.expected);
    const auto start = joined.context.begin() + static_cast<std::ptrdiff_t>(joined.start);
    return {{joined.context.begin(), start}, {start, joined.context.end()}};
  }

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
                            bool parse_special = false) const {
    const bool plain = prompt.messages.empty();
    const std::string context = plain ? prompt.answer_prefix : text_of(prompt);
    const auto encode_text = [&](const std::string& text) {
      return plain ? encode_plain(text, parse_special) : encode(text);
    };
    Joined joined;
    joined.context = encode_text(context);
    joined.start = joined.context.size();
    for (const std::string& continuation : continuations) {
      if (continuation.empty()) throw ItemError("continuation", "an empty continuation has no token to score");
      joined.wholes.push_back(encode_text(context + (plain ? continuation : tokenizer_.guard_content(continuation))));
      const std::vector<TokenId>& whole = joined.wholes.back();
      const auto end = std::mismatch(joined.context.begin(), joined.context.end(), whole.begin(), whole.end()).second;
      // Where unknown characters become one token, a whole may have no token of its own.
      const std::size_t common = std::min<std::size_t>(static_cast<std::size_t>(end - whole.begin()), whole.size() - 1);
      joined.start = std::min(joined.start, common);
    }
    for (const std::vector<TokenId>& whole : joined.wholes)
      if (joined.start == 0 && whole.size() < 2)
        throw ItemError("continuation", "a single token with none before it has no probability; give it a context");
    return joined;
  }

  /// Errors: InputError for a template that refuses every chat, ItemError for one that refuses this chat.
  [[nodiscard]] std::string render(std::span<const ChatMessage> chat, bool add_generation_prompt) const {
    if (!rules_.refusal.empty()) throw InputError("template", rules_.refusal);
    if (!template_) {
      std::string text;
      for (const ChatMessage& message : chat) text += tokenizer_.guard_content(message.content) + "\n\n";
      return text;
    }
    nlohmann::ordered_json messages = nlohmann::ordered_json::array();
    for (const ChatMessage& message : chat)
      messages.push_back({{"role", message.role}, {"content", tokenizer_.guard_content(message.content)}});
    if (rules_.system_in_user) put_system_in_user(messages);
    return template_->render(chat_context(std::move(messages), add_generation_prompt, bos_text_, eos_text_));
  }

  void add_bos(std::vector<TokenId>& ids) const {
    if (tokenizer_.adds_bos()) ids.insert(ids.begin(), *tokenizer_.bos());
  }

  Tokenizer tokenizer_;
  ChatRules rules_;
  std::optional<ChatTemplate> template_;
  std::string bos_text_, eos_text_;
};

}  // namespace quantlens::inline v0_1
