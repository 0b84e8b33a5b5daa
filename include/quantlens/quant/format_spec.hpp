/// The run-time twin of a format: what a name such as `rtn-w4-g64-sym-a8` or a plan of several says.
///
/// Grammar: method[-wB[-gG][-sym|-asym]][-a8], and plans "base;pattern=format;..." whose patterns match canonical
/// names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/glob.hpp"
#include "quantlens/core/suggest.hpp"

namespace quantlens::inline v0_1 {

/// What activations meet the weights as: floats (exactly weight-only), or int8 codes, one scale per 32 inputs.
enum class Activation { a32, a8 };

/// Methods this version knows: the file's weights as floats, the file's own codes, round to nearest.
enum class Method { full, native, rtn };

struct FormatOverride;

struct FormatSpec {
  Method method = Method::full;
  int bits = 0;                ///< 0: the method has none of its own
  std::size_t group_size = 0;  ///< inputs that share a scale; 0: the whole row
  bool symmetric = false;
  Activation activation = Activation::a32;
  std::vector<FormatOverride> overrides;

  /// The canonical spelling; parse_format gives it back.
  [[nodiscard]] std::string name() const;

  /// The format of one matrix: the last override whose pattern matches, else `fallback`.
  [[nodiscard]] const FormatSpec& for_matrix(std::string_view canonical_name, const FormatSpec& fallback) const;
};

/// "blocks.*.attn.v=rtn-w8": `*` stands for any run of characters without a dot.
struct FormatOverride {
  std::string pattern;
  FormatSpec format;
};

[[nodiscard]] inline bool matches_pattern(std::string_view pattern, std::string_view name) {
  return matches_glob(pattern, name, '.');
}

inline const FormatSpec& FormatSpec::for_matrix(std::string_view canonical_name, const FormatSpec& fallback) const {
  for (auto rule = overrides.rbegin(); rule != overrides.rend(); ++rule)
    if (matches_pattern(rule->pattern, canonical_name)) return rule->format;
  return fallback;
}

[[nodiscard]] constexpr bool symmetric_by_default(int bits) noexcept { return bits == 8; }

inline std::string FormatSpec::name() const {
  std::string text = method == Method::full ? "full" : method == Method::native ? "native" : "rtn";
  if (bits != 0) text += concat("-w", bits);
  if (group_size != 0) text += concat("-g", group_size);
  if (bits != 0 && symmetric != symmetric_by_default(bits)) text += symmetric ? "-sym" : "-asym";
  if (activation == Activation::a8) text += "-a8";
  for (const FormatOverride& rule : overrides) text += ";" + rule.pattern + "=" + rule.format.name();
  return text;
}

/// Splits `text` at every `separator`; an empty text is one empty part.
[[nodiscard]] inline std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

namespace format_detail {

[[nodiscard]] inline InputError bad_format(std::string_view text, std::string_view why) {
  return {"format", concat("format '", text, "': ", why,
                           "; expected full, native[-a8] or rtn-wB[-gG][-sym|-asym][-a8] with B of 2, 3, 4, 8")};
}

/// The number after the letter of a part such as "w4"; at most six digits.
[[nodiscard]] inline std::size_t number_of(std::string_view text, std::string_view part) {
  std::size_t value = 0;
  if (part.size() < 2 || part.size() > 7) throw bad_format(text, concat("'", part, "' holds no number"));
  for (const char c : part.substr(1)) {
    if (c < '0' || c > '9') throw bad_format(text, concat("'", part, "' holds no number"));
    value = value * 10 + static_cast<std::size_t>(c - '0');
  }
  return value;
}

[[nodiscard]] inline FormatSpec parse_one(std::string_view text) {
  static const std::vector<std::string> methods{"full", "native", "rtn"};
  const std::vector<std::string> parts = split(text, '-');
  FormatSpec spec;
  if (parts[0] == "full") {
    spec.method = Method::full;
  } else if (parts[0] == "native") {
    spec.method = Method::native;
  } else if (parts[0] == "rtn") {
    spec.method = Method::rtn;
  } else {
    throw unknown_name("quantization method", parts[0], methods);
  }
  bool has_bits = false, has_group = false, has_symmetry = false;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    const bool last = i + 1 == parts.size();
    if (part == "a8" && last) {
      spec.activation = Activation::a8;
    } else if (part == "abf16" && last) {
      throw bad_format(text, "bf16 activations are not available in this version");
    } else if ((part == "sym" || part == "asym") && has_bits && !has_symmetry) {
      spec.symmetric = part == "sym";
      has_symmetry = true;
    } else if (part.starts_with('w') && !has_bits) {
      const std::size_t bits = number_of(text, part);
      if (bits != 2 && bits != 3 && bits != 4 && bits != 8) throw bad_format(text, concat("no ", bits, "-bit codes"));
      spec.bits = static_cast<int>(bits);
      spec.symmetric = symmetric_by_default(spec.bits);
      has_bits = true;
    } else if (part.starts_with('g') && has_bits && !has_group) {
      spec.group_size = number_of(text, part);
      if (spec.group_size == 0 || spec.group_size % 32 != 0)
        throw bad_format(text, "a group is a multiple of 32 inputs (leave -gG out for the whole row)");
      has_group = true;
    } else {
      throw bad_format(text, concat("'", part, "' does not belong here"));
    }
  }
  if (spec.method == Method::rtn && !has_bits) throw bad_format(text, "rtn needs a bit width such as -w4");
  if (spec.method != Method::rtn && has_bits) throw bad_format(text, concat(parts[0], " takes no bit width"));
  if (spec.method == Method::full && spec.activation == Activation::a8)
    throw bad_format(text, "full has no integer codes to meet int8 activations; did you mean native-a8?");
  return spec;
}

}  // namespace format_detail

/// Reads a format name or a plan. Errors: InputError "format" or "unknown_name".
[[nodiscard]] inline FormatSpec parse_format(std::string_view text) {
  const std::vector<std::string> parts = split(text, ';');
  FormatSpec spec = format_detail::parse_one(parts[0]);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals == std::string::npos || equals == 0)
      throw format_detail::bad_format(text, concat("'", parts[i], "' is not pattern=format"));
    spec.overrides.push_back({parts[i].substr(0, equals), format_detail::parse_one(parts[i].substr(equals + 1))});
  }
  return spec;
}

}  // namespace quantlens::inline v0_1
