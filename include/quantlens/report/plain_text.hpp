/// Numbers and sentences of results as plain text for a terminal.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

using Json = nlohmann::ordered_json;
using Number = std::optional<double>;

Number number(const Json& object, std::string_view key);

std::string decimal(double value, int digits, bool sign = false);

/// Digits behind the point so that the smallest of the values that are not 0 shows about four; at most three.
int digits_for(const std::vector<Number>& values);

/// Joins words by blanks and breaks between them so that no line passes `width`; continued lines begin with `indent`
/// blanks. `lead` goes before the first word as it is.
std::string wrapped_words(const std::vector<std::string>& words, std::size_t width, std::size_t indent,
                          const std::string& lead);

/// Breaks at blanks so that no line passes `width`; continued lines are indented.
std::string wrapped(const std::string& text, std::size_t width);

}  // namespace report_detail

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/report/plain_text_impl.hpp"
#endif
