/// The prompts about labels that several protocols ask with.
#pragma once

#include "quantlens/tasks/prompt_kind.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace label_prompt {
inline constexpr PromptKind classify{.name = "classify"};
inline constexpr PromptKind explain{.name = "explain", .knows_label = true};
inline constexpr PromptKind counterfactual{.name = "counterfactual", .knows_label = true};
/// Classifies a text whose words may be hidden; without it `classify` does.
inline constexpr PromptKind classify_redacted{.name = "classify_redacted", .shows_redacted = true};
}  // namespace label_prompt

}  // namespace quantlens::inline QUANTLENS_ABI
