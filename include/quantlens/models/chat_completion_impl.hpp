/// What chat_completion.hpp declares, defined.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/models/chat_completion.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// A member of an object; null where there is none.
[[nodiscard]] inline const nlohmann::json& member_of(const nlohmann::json& object, const char* name) {
  static const nlohmann::json none;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? *found : none;
}

/// The first element of an array; null where there is none.
[[nodiscard]] inline const nlohmann::json& first_of(const nlohmann::json& array) {
  static const nlohmann::json none;
  return array.is_array() && !array.empty() ? array.front() : none;
}

/// A number of tokens as `usage` gives it; four bytes of text are one where it gives none that can be.
[[nodiscard]] inline std::size_t token_count(const nlohmann::json& count, std::size_t bytes) {
  constexpr std::uint64_t most = 1'000'000'000;
  if (count.is_number_unsigned() && count.get<std::uint64_t>() <= most) return count.get<std::size_t>();
  return (bytes + 3) / 4;
}

/// What could have stood first in an answer; values that are no log-probabilities are left out.
[[nodiscard]] inline std::vector<TokenLogprob> first_tokens_of(const nlohmann::json& choice, const ApiKey& key) {
  std::vector<TokenLogprob> tokens;
  const nlohmann::json& first = first_of(member_of(member_of(choice, "logprobs"), "content"));
  const nlohmann::json& alternatives = member_of(first, "top_logprobs");
  if (!alternatives.is_array()) return tokens;
  for (const nlohmann::json& alternative : alternatives) {
    const nlohmann::json& text = member_of(alternative, "token");
    const nlohmann::json& logprob = member_of(alternative, "logprob");
    if (!text.is_string() || !logprob.is_number()) continue;
    const double value = logprob.get<double>();
    if (std::isfinite(value) && value <= 0) tokens.push_back({key.hide(text.get_ref<const std::string&>()), value});
  }
  return tokens;
}

/// A text of an endpoint's, shortened for an error; empty where the value is no text. Keys are hidden first: a part of
/// one is not found.
[[nodiscard]] inline std::string quoted_text(const nlohmann::json& text, const ApiKey& key) {
  return text.is_string() ? printable(key.hide(text.get_ref<const std::string&>()), 200) : std::string();
}

/// What an endpoint says of a failure; empty where it says nothing.
[[nodiscard]] inline std::string error_message_of(const nlohmann::json& reply, const ApiKey& key) {
  const nlohmann::json& error = member_of(reply, "error");
  return quoted_text(error.is_object() ? member_of(error, "message") : error, key);
}

}  // namespace detail

QUANTLENS_INLINE nlohmann::json chat_request_json(std::string_view model, const CompletionRequest& request,
                                                  bool first_tokens) {
  const Prompt& prompt = request.prompt;
  if (prompt.messages.empty() || !prompt.answer_prefix.empty())
    throw InputError("capability",
                     "an endpoint answers chats whose answer is not begun; take a model file as the judge");
  if (request.sampling.temperature > 0 || request.only_expected)
    throw InputError("capability", "an endpoint is asked for its likeliest answer; take a model file as the judge");
  nlohmann::json messages = nlohmann::json::array();
  for (const auto& [role, content] : prompt.messages) messages.push_back({{"role", role}, {"content", content}});
  nlohmann::json body{
      {"model", model}, {"messages", std::move(messages)}, {"max_tokens", request.max_new_tokens}, {"temperature", 0}};
  if (first_tokens) body.update({{"logprobs", true}, {"top_logprobs", 20}});
  return body;
}

QUANTLENS_INLINE Completion parse_chat_reply(std::string_view body, std::string_view asked, const ApiKey& key) {
  using detail::first_of, detail::member_of;
  if (body.empty()) throw ItemError("judge", "the answer is empty");
  nlohmann::json reply;
  try {
    reply = parse_json_strict(body, "the answer", LargeIntegers::as_floats);
  } catch (const FormatError& error) {
    // The parser's own words would quote the answer.
    throw ItemError("judge", concat("the answer is no JSON in UTF-8, as byte ", error.offset(), " shows"));
  }
  if (const std::string message = detail::error_message_of(reply, key); !message.empty())
    throw ItemError("judge", concat("the answer is an error: ", message));
  const nlohmann::json& choices = member_of(reply, "choices");
  if (!choices.is_array())
    throw ItemError("judge", "the answer has no list 'choices'; is the endpoint OpenAI-compatible?");
  if (choices.empty()) throw ItemError("judge", "the answer has no choice");
  const nlohmann::json& choice = first_of(choices);
  const nlohmann::json& content = member_of(member_of(choice, "message"), "content");
  const std::string why_ended = detail::quoted_text(member_of(choice, "finish_reason"), key);
  if (!content.is_string())
    throw ItemError("judge", concat("the answer has no text (finish_reason: '", why_ended, "')"));

  const nlohmann::json& usage = member_of(reply, "usage");
  Completion completion;
  completion.text = key.hide(content.get_ref<const std::string&>());
  completion.n_prompt_tokens = detail::token_count(member_of(usage, "prompt_tokens"), asked.size());
  completion.n_tokens = detail::token_count(member_of(usage, "completion_tokens"), completion.text.size());
  completion.stopped = why_ended != "length";
  completion.first_tokens = detail::first_tokens_of(choice, key);
  return completion;
}

QUANTLENS_INLINE std::string error_message_in(std::string_view body, const ApiKey& key) {
  try {
    return detail::error_message_of(parse_json_strict(body, "the answer", LargeIntegers::as_floats), key);
  } catch (const FormatError&) {
    return {};
  }
}

QUANTLENS_INLINE nlohmann::json completion_json(const Completion& completion) {
  nlohmann::json first_tokens = nlohmann::json::array();
  for (const auto& [text, logprob] : completion.first_tokens) first_tokens.push_back({text, logprob});
  return {{"text", completion.text},
          {"n_prompt_tokens", completion.n_prompt_tokens},
          {"n_tokens", completion.n_tokens},
          {"stopped", completion.stopped},
          {"first_tokens", std::move(first_tokens)}};
}

QUANTLENS_INLINE Completion completion_from_json(const nlohmann::json& json) {
  Completion completion;
  json.at("text").get_to(completion.text);
  json.at("n_prompt_tokens").get_to(completion.n_prompt_tokens);
  json.at("n_tokens").get_to(completion.n_tokens);
  json.at("stopped").get_to(completion.stopped);
  for (const nlohmann::json& token : json.at("first_tokens"))
    completion.first_tokens.push_back({token.at(0).get<std::string>(), token.at(1).get<double>()});
  return completion;
}

}  // namespace quantlens::inline QUANTLENS_ABI
