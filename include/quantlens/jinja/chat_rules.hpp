/// What a model's chat template lets a chat hold, found out once by rendering two short chats.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What transformers gives a template besides the messages; `tools` and `documents` are none, not undefined.
/// Source: transformers 5.24, render_jinja_template.
[[nodiscard]] nlohmann::ordered_json chat_context(nlohmann::ordered_json messages, bool add_generation_prompt,
                                                  const std::string& bos, const std::string& eos);

struct ChatRules {
  std::string refusal;          ///< Why every chat is refused, though the model has a template; empty: none is.
  bool system_in_user = false;  ///< The template refuses a system role: its text goes in front of the user's.
};

/// The rules of a template, which may be empty: there is none.
[[nodiscard]] ChatRules chat_rules(const std::string& source, const std::string& bos, const std::string& eos);

/// Puts the text of each system message in front of the next user's, with a blank line between. One that no user's
/// message follows, and what is no text, stays.
void put_system_in_user(nlohmann::ordered_json& messages);

/// What the user is told of the rules; empty: nothing.
[[nodiscard]] std::string note_on(const ChatRules& rules);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/jinja/chat_rules_impl.hpp"
#endif
