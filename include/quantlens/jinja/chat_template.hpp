/// Chat templates: the Jinja subset that model files need, rendered as transformers renders it and bounded in all.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace jinja {
struct Stmt;
}  // namespace jinja

/// A template, parsed once. Immutable: copies share the tree and may be rendered by several threads.
///
/// Byte for byte what jinja2 gives with transformers' settings (trim_blocks, lstrip_blocks, loop controls, its tojson,
/// raise_exception), with strftime_now() pinned to 26 July 2024. What is not known is an error with its name: filters,
/// tests, statements, called functions and methods when the template is parsed.
/// Errors: InputError "template" with the line: syntax and unknown names when it is parsed; ItemError "template" with
/// the line when a chat is rendered: whatever Python would raise, raise_exception() with the template's own message,
/// and every limit of jinja/limits.hpp.
class ChatTemplate {
 public:
  explicit ChatTemplate(std::string_view source);

  /// `context`: messages, add_generation_prompt, bos_token, eos_token, and whatever else the template asks for. What it
  /// does not hold is undefined.
  [[nodiscard]] std::string render(const nlohmann::ordered_json& context) const;

 private:
  std::shared_ptr<const std::vector<jinja::Stmt>> body_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/jinja/chat_template_impl.hpp"
#endif
