/// How a task is put where some of its texts have hidden words.
#pragma once

#include <string_view>
#include <vector>

#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What a redacted demonstration's column is called.
inline constexpr std::string_view redacted_column = "redacted";

/// The demonstrations whose redacted text is known, as examples of the unknown label, whose number follows those of the
/// task's labels; none where the task has no such label.
[[nodiscard]] std::vector<Item> redacted_demonstrations(const Task& task);

/// The task without items, as one that classifies texts with hidden words, and others: `unknown` is a label after all
/// others, redacted demonstrations show it, and the prompt `classify` is classify_redacted where there is one. The
/// other labels keep their numbers.
[[nodiscard]] Task redaction_judge(const Task& task);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/tasks/redaction_judge_impl.hpp"
#endif
