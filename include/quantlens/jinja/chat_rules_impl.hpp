/// What chat_rules.hpp declares, defined.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/jinja/chat_rules.hpp"
#include "quantlens/jinja/chat_template.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE nlohmann::ordered_json chat_context(nlohmann::ordered_json messages, bool add_generation_prompt,
                                                     const std::string& bos, const std::string& eos) {
  return {{"messages", std::move(messages)},
          {"tools", nullptr},
          {"documents", nullptr},
          {"add_generation_prompt", add_generation_prompt},
          {"bos_token", bos},
          {"eos_token", eos}};
}

QUANTLENS_INLINE ChatRules chat_rules(const std::string& source, const std::string& bos, const std::string& eos) {
  ChatRules rules;
  if (source.empty()) return rules;
  try {
    const ChatTemplate chat(source);
    const auto renders = [&](nlohmann::ordered_json messages) {
      try {
        static_cast<void>(chat.render(chat_context(std::move(messages), true, bos, eos)));
        return true;
      } catch (const ItemError&) {
        return false;
      }
    };
    const nlohmann::ordered_json system{{"role", "system"}, {"content", "Be brief."}};
    const nlohmann::ordered_json user{{"role", "user"}, {"content", "Hello"}};
    rules.system_in_user = !renders({system, user}) && renders(nlohmann::ordered_json::array({user}));
  } catch (const InputError& error) {
    const std::string message = error.what();
    rules.refusal = "the chat template cannot be read: " + message.substr(message.find("] ") + 2);
  }
  return rules;
}

QUANTLENS_INLINE void put_system_in_user(nlohmann::ordered_json& messages) {
  const auto has = [](const nlohmann::ordered_json& message, const char* role) {
    return message.is_object() && message.value("role", nlohmann::ordered_json()) == role &&
           message.contains("content") && message["content"].is_string();
  };
  for (std::size_t i = 0; i + 1 < messages.size();) {
    if (!has(messages[i], "system")) {
      ++i;
      continue;
    }
    std::size_t next = i + 1;
    while (next < messages.size() && !has(messages[next], "user")) ++next;
    if (next == messages.size()) return;
    messages[next]["content"] =
        messages[i]["content"].get<std::string>() + "\n\n" + messages[next]["content"].get<std::string>();
    messages.erase(i);
  }
}

QUANTLENS_INLINE std::string note_on(const ChatRules& rules) {
  if (!rules.refusal.empty()) return "chats will be refused: " + rules.refusal;
  if (rules.system_in_user)
    return "the chat template refuses a system role; a system text goes in front of the first user turn";
  return {};
}

}  // namespace quantlens::inline QUANTLENS_ABI
