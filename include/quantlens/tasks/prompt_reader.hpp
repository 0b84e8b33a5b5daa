/// Reads and checks the [prompts.*] tables of a task.toml.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/tasks/prompt.hpp"
#include "quantlens/tasks/prompt_kind.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/tasks/toml_table.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What the placeholders of a task's prompts may be called.
struct PlaceholderNames {
  std::vector<std::string> content;        ///< of every item
  std::vector<std::string> demonstration;  ///< of every demonstration
  bool has_target = false;
  bool has_unknown = false;
  std::size_t n_demonstrations = 0;
  std::vector<std::string> given, asked;  ///< of a fact: what the question may tell, and what the answer is
};

namespace detail {

/// Longest answer where a prompt gives no `max_new_tokens`.
inline constexpr std::size_t default_max_new_tokens = 256;
/// The same where the answer is the name of something. Source: Yang et al. 2024, see two_hop.hpp.
inline constexpr std::size_t default_max_name_tokens = 32;

/// A template with any placeholders.
[[nodiscard]] inline TextTemplate text_template(const TomlTable& table, std::string_view key) {
  const std::string source = table.string(key);
  try {
    return TextTemplate(source);
  } catch (const InputError& error) {
    throw InputError("task", concat(table.where(), " ", key, ": ", error.message()));
  }
}

/// Errors: InputError for a placeholder that is not among `known`.
[[nodiscard]] inline TextTemplate text_template(const TomlTable& table, std::string_view key,
                                                const std::vector<std::string>& known) {
  TextTemplate text = text_template(table, key);
  for (const std::string& name : text.placeholders())
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw unknown_name(concat("placeholder in ", table.where(), " ", key, ":"), name, known);
  return text;
}

/// The user's turn and the answer, and the keys that all prompts share.
[[nodiscard]] inline PromptTemplate read_turn(const TomlTable& table, const std::vector<std::string>& in_user,
                                              const std::vector<std::string>& in_answer, std::size_t n_demonstrations,
                                              std::size_t max_new_tokens) {
  PromptTemplate prompt;
  prompt.user = text_template(table, "user", in_user);
  prompt.answer = text_template(table, "answer", in_answer);
  prompt.answer_prefix = table.string_or("answer_prefix", "");
  if (!prompt.answer.head().starts_with(prompt.answer_prefix))
    throw InputError(
        "task", concat(table.where(), ": 'answer' must start with the answer_prefix '", prompt.answer_prefix, "'"));
  prompt.n_demonstrations = table.count_or("demonstrations", 0);
  if (prompt.n_demonstrations > n_demonstrations)
    throw InputError("task", concat(table.where(), ": asks for ", prompt.n_demonstrations,
                                    " demonstrations; there are ", n_demonstrations));
  prompt.max_new_tokens = table.count_or("max_new_tokens", max_new_tokens);
  if (prompt.max_new_tokens == 0) throw InputError("task", table.where() + ": 'max_new_tokens' must be at least 1");
  return prompt;
}

/// A prompt about a fact: a chat, or with `plain` a bare text.
[[nodiscard]] inline PromptTemplate read_fact_prompt(const TomlTable& table, const PromptKind& kind,
                                                     const PlaceholderNames& names) {
  const bool plain = table.boolean_or("plain", false);
  std::vector<std::string> keys{"plain", "user", "answer", "demonstrations", "max_new_tokens"};
  if (!plain) keys.insert(keys.end(), {"system", "answer_prefix"});
  table.check_keys(keys);

  std::vector<std::string> in_user = names.content;
  in_user.insert(in_user.end(), names.given.begin(), names.given.end());
  std::vector<std::string> in_answer = in_user;
  in_answer.insert(in_answer.end(), names.asked.begin(), names.asked.end());
  in_answer.insert(in_answer.end(), names.demonstration.begin(), names.demonstration.end());
  PromptTemplate prompt = read_turn(table, in_user, in_answer, names.n_demonstrations, default_max_name_tokens);
  prompt.plain = plain;
  if (const std::string user = table.string("user"); plain && !user.empty() && is_blank(user.back()))
    throw InputError("task", table.where() + ": a plain 'user' must not end with a blank; start 'answer' with it");
  if (table.has("system")) prompt.system = text_template(table, "system", {});
  const std::vector<std::string> answered = prompt.answer.placeholders();
  if (answered.empty() || answered.front() != kind.asks_for)
    throw InputError("task",
                     concat(table.where(), ": 'answer' must hold {", kind.asks_for, "} before any other placeholder"));
  return prompt;
}

}  // namespace detail

namespace detail {

/// The user's turn that stands for another prompt's where there is a hint; the rest of the chat is that prompt's.
[[nodiscard]] inline PromptTemplate read_hinted_turn(const TomlTable& table, const PlaceholderNames& names) {
  table.check_keys({"user"});
  std::vector<std::string> in_user = names.content;
  in_user.insert(in_user.end(), {"labels", "hint"});
  PromptTemplate prompt;
  prompt.user = text_template(table, "user", in_user);
  const std::vector<std::string> used = prompt.user.placeholders();
  if (std::find(used.begin(), used.end(), "hint") == used.end())
    throw InputError("task", table.where() + ": 'user' must hold {hint}");
  return prompt;
}

/// Errors: InputError where the answer does not hold these placeholders in this order, and no others; and where
/// demonstrations are to show free text that they do not have.
inline void check_free_text(const TomlTable& table, const PromptTemplate& prompt,
                            const std::vector<std::string>& expected, const PlaceholderNames& names) {
  if (prompt.answer.placeholders() != expected) {
    std::string list;
    for (const std::string& name : expected) list += concat(list.empty() ? "" : " and then ", "{", name, "}");
    throw InputError("task", concat(table.where(), ": 'answer' must hold ", list));
  }
  const auto& columns = names.demonstration;
  if (prompt.n_demonstrations > 0 && std::find(columns.begin(), columns.end(), "explanation") == columns.end())
    throw InputError("task",
                     concat(table.where(), ": what demonstrations say is their column 'explanation', which some ",
                            "lack; write 'demonstrations = 0' or add it"));
}

/// The placeholders of an answer that holds label and explanation, in their order.
[[nodiscard]] inline std::vector<std::string> explained_in(const PromptKind& kind) {
  std::vector<std::string> order{"label", "explanation"};
  if (kind.asks_for == "explanation") std::swap(order.front(), order.back());
  return order;
}

}  // namespace detail

/// Errors: InputError naming the file, the prompt and the key.
[[nodiscard]] inline PromptTemplate read_prompt(const TomlTable& table, const PromptKind& kind,
                                                const PlaceholderNames& names) {
  if (kind.of != TaskKind::labels) return detail::read_fact_prompt(table, kind, names);
  if (!kind.hints_in.empty()) return detail::read_hinted_turn(table, names);
  std::vector<std::string> keys{"user", "answer_prefix", "answer"};
  if (kind.follows.empty()) keys.insert(keys.end(), {"system", "demonstrations"});
  if (kind.knows_label || kind.reasons || kind.explains) keys.emplace_back("max_new_tokens");
  table.check_keys(keys);

  std::vector<std::string> in_user = names.content;
  in_user.emplace_back("labels");
  std::vector<std::string> in_answer = {kind.reasons ? "reasoning" : "label"};
  if (kind.explains) in_answer.emplace_back("explanation");
  if (kind.knows_label) {
    in_user.insert(in_user.end(), {"label", "target"});
    in_answer.insert(in_answer.end(), {"labels", "target"});
    in_answer.insert(in_answer.end(), names.demonstration.begin(), names.demonstration.end());
  }
  if (!names.has_target) {
    std::erase(in_user, "target");
    std::erase(in_answer, "target");
  }
  // Where there are no demonstrations, nobody is shown an answer, and nothing tells which columns they would have.
  if (kind.knows_label && names.n_demonstrations == 0)
    in_answer = detail::text_template(table, "answer").placeholders();
  std::vector<std::string> in_system{"labels"};
  if (names.has_unknown) {
    in_user.emplace_back("unknown");
    in_system.emplace_back("unknown");
  }

  PromptTemplate prompt =
      detail::read_turn(table, in_user, in_answer, names.n_demonstrations, detail::default_max_new_tokens);
  if (table.has("system")) prompt.system = detail::text_template(table, "system", in_system);
  if (kind.reasons) detail::check_free_text(table, prompt, {"reasoning"}, names);
  if (kind.explains) detail::check_free_text(table, prompt, detail::explained_in(kind), names);
  if (!kind.knows_label && prompt.answer.placeholders().empty())
    throw InputError("task", table.where() + ": 'answer' must hold {label}");
  return prompt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
