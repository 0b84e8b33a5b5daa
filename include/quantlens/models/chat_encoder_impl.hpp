/// What chat_encoder.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/models/chat_encoder.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE ChatEncoder::ChatEncoder(const ModelFile& file)
    : tokenizer_(file.tokenizer), rules_(file.chat), bos_text_(file.bos_text), eos_text_(file.eos_text) {
  if (!file.chat_template.empty() && rules_.refusal.empty()) template_.emplace(file.chat_template);
}

QUANTLENS_INLINE std::string ChatEncoder::text_of(const Prompt& prompt) const {
  return render(prompt.messages, true) + tokenizer_.guard_content(prompt.answer_prefix);
}

QUANTLENS_INLINE std::string ChatEncoder::dialogue_text(std::span<const ChatMessage> messages) const {
  return render(messages, false);
}

QUANTLENS_INLINE std::vector<TokenId> ChatEncoder::encode(const Prompt& prompt) const {
  return prompt.messages.empty() ? encode_plain(prompt.answer_prefix) : encode(text_of(prompt));
}

QUANTLENS_INLINE std::vector<TokenId> ChatEncoder::encode(std::string_view text) const {
  std::vector<TokenId> ids = tokenizer_.encode(text, {.parse_special = true});
  if (!template_) add_bos(ids);
  return ids;
}

QUANTLENS_INLINE std::vector<TokenId> ChatEncoder::encode_plain(std::string_view text, bool parse_special) const {
  std::vector<TokenId> ids = tokenizer_.encode(text, {.parse_special = parse_special});
  if (!parse_special || ids.empty() || ids.front() != tokenizer_.bos()) add_bos(ids);
  return ids;
}

QUANTLENS_INLINE std::vector<ScoreRequest> ChatEncoder::score_requests(const ContinuationRequest& request,
                                                                       bool parse_special) const {
  const Joined joined = join(request.prompt, request.continuations, parse_special);
  const auto start = static_cast<std::ptrdiff_t>(joined.start);
  std::vector<ScoreRequest> requests;
  for (const std::vector<TokenId>& whole : joined.wholes)
    requests.push_back({{whole.begin(), whole.begin() + start}, {whole.begin() + start, whole.end()}});
  return requests;
}

QUANTLENS_INLINE ChatEncoder::Opening ChatEncoder::opening(const CompletionRequest& request) const {
  const Joined joined = join(request.prompt, request.expected);
  const auto start = joined.context.begin() + static_cast<std::ptrdiff_t>(joined.start);
  std::vector<std::vector<TokenId>> answers;
  for (const std::vector<TokenId>& whole : joined.wholes)
    answers.emplace_back(whole.begin() + static_cast<std::ptrdiff_t>(joined.start), whole.end());
  return {{joined.context.begin(), start}, {start, joined.context.end()}, std::move(answers)};
}

QUANTLENS_INLINE ChatEncoder::Joined ChatEncoder::join(const Prompt& prompt, std::span<const std::string> continuations,
                                                       bool parse_special) const {
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

QUANTLENS_INLINE std::string ChatEncoder::render(std::span<const ChatMessage> chat, bool add_generation_prompt) const {
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

QUANTLENS_INLINE void ChatEncoder::add_bos(std::vector<TokenId>& ids) const {
  if (tokenizer_.adds_bos()) ids.insert(ids.begin(), *tokenizer_.bos());
}

}  // namespace quantlens::inline QUANTLENS_ABI
