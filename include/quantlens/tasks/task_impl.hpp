/// What task.hpp declares, defined.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE const PromptTemplate& Task::prompt(std::string_view prompt_name) const {
  const auto found = prompts.find(prompt_name);
  if (found != prompts.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& entry : prompts) known.push_back(entry.first);
  throw unknown_name(concat("prompt of task ", name), prompt_name, known);
}

QUANTLENS_INLINE std::string Task::label_list() const {
  std::string list;
  for (std::size_t i = 0; i < labels.size(); ++i)
    list += concat(i == 0 ? "" : i + 1 == labels.size() ? " or " : ", ", labels[i]);
  return list;
}

}  // namespace quantlens::inline QUANTLENS_ABI
