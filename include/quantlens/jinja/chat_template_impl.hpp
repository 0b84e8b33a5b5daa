/// What chat_template.hpp declares, defined.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "quantlens/core/compiled.hpp"
#include "quantlens/io/utf8.hpp"
#include "quantlens/jinja/ast.hpp"
#include "quantlens/jinja/chat_template.hpp"
#include "quantlens/jinja/evaluator.hpp"
#include "quantlens/jinja/limits.hpp"
#include "quantlens/jinja/parser.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE ChatTemplate::ChatTemplate(std::string_view source) {
  if (source.size() > jinja::max_source_bytes)
    throw InputError("template", concat("a template of ", source.size(), " bytes; at most ", jinja::max_source_bytes,
                                        " are supported"));
  if (const auto bad = first_invalid_utf8(source))
    throw FormatError("template", "the template", *bad, "not valid UTF-8");
  body_ = std::make_shared<const jinja::Body>(jinja::Parser(source).run());
}

QUANTLENS_INLINE std::string ChatTemplate::render(const nlohmann::ordered_json& context) const {
  try {
    return jinja::Evaluator().run(*body_, context);
  } catch (const jinja::Fault& fault) {
    throw ItemError("template", concat("line ", fault.line, ": ", fault.message));
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
