/// Chat templates: the Jinja subset that model files need, rendered as transformers renders it and bounded in all.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/io/utf8.hpp"
#include "quantlens/jinja/ast.hpp"
#include "quantlens/jinja/evaluator.hpp"
#include "quantlens/jinja/limits.hpp"
#include "quantlens/jinja/parser.hpp"

namespace quantlens::inline v0_1 {

/// A template, parsed once. Immutable: copies share the tree and may be rendered by several threads.
///
/// Byte for byte what jinja2 gives with transformers' settings (trim_blocks, lstrip_blocks, loop controls, its tojson,
/// raise_exception), with strftime_now() pinned to 26 July 2024. What is not known is an error with its name: filters,
/// tests, statements, called functions and methods when the template is parsed.
/// Errors: InputError "template" with the line: syntax and unknown names when it is parsed; ItemError "template" with
/// the line when a chat is rendered: whatever Python would raise, raise_exception() with the template's own message,
/// and every limit of jinja_limits.hpp.
class ChatTemplate {
 public:
  explicit ChatTemplate(std::string_view source) {
    if (source.size() > jinja::max_source_bytes)
      throw InputError("template", concat("a template of ", source.size(), " bytes; at most ", jinja::max_source_bytes,
                                          " are supported"));
    if (const auto bad = first_invalid_utf8(source))
      throw FormatError("template", "the template", *bad, "not valid UTF-8");
    body_ = std::make_shared<const jinja::Body>(jinja::Parser(source).run());
  }

  /// `context`: messages, add_generation_prompt, bos_token, eos_token, and whatever else the template asks for. What it
  /// does not hold is undefined.
  [[nodiscard]] std::string render(const nlohmann::ordered_json& context) const {
    try {
      return jinja::Evaluator().run(*body_, context);
    } catch (const jinja::Fault& fault) {
      throw ItemError("template", concat("line ", fault.line, ": ", fault.message));
    }
  }

 private:
  std::shared_ptr<const jinja::Body> body_;
};

}  // namespace quantlens::inline v0_1
