/// What an OpenAI-compatible endpoint is asked, what it answers, and how an answer is kept: as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/models/api_key.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The body of a request to /v1/chat/completions, greedy; `first_tokens`: with the twenty likeliest first tokens.
/// Errors: InputError "capability" for what such an endpoint cannot do: bare text, an answer that is begun already,
/// sampling, answers from a set.
[[nodiscard]] nlohmann::json chat_request_json(std::string_view model, const CompletionRequest& request,
                                               bool first_tokens);

/// The text of a reply with what it cost, without any key; times are left 0. Where the endpoint counts no tokens, four
/// bytes are one. Errors: ItemError "judge" for whatever is no answer in text: no JSON, another schema, an error, no
/// choice, no text.
[[nodiscard]] Completion parse_chat_reply(std::string_view body, std::string_view asked, const ApiKey& key);

/// What a reply that is no success says of the failure, shortened and without any key; empty where it says nothing.
[[nodiscard]] std::string error_message_in(std::string_view body, const ApiKey& key);

/// All of a completion but its times.
[[nodiscard]] nlohmann::json completion_json(const Completion& completion);

/// Errors: nlohmann::json::exception for another JSON value.
[[nodiscard]] Completion completion_from_json(const nlohmann::json& json);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/models/chat_completion_impl.hpp"
#endif
