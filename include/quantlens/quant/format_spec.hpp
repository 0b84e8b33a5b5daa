/// The run-time twin of a format: what a name such as `gptq-w4-g64-act` or a plan of several says.
///
/// Grammar: method[-wB][-gG][-sym|-asym][options of the method][-a8], each where the method takes it, and plans
/// "base;pattern=format;..." whose patterns match canonical names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/glob.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/quant/awq_matrix.hpp"
#include "quantlens/quant/bnb_double_quant.hpp"
#include "quantlens/quant/gptq_options.hpp"
#include "quantlens/quant/method.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What activations meet the weights as: floats (exactly weight-only), or int8 codes, one scale per 32 inputs.
enum class Activation { a32, a8 };

struct FormatOverride;

struct FormatSpec {
  Method method = Method::full;
  int bits = 0;                ///< 0: the method has none of its own
  std::size_t group_size = 0;  ///< inputs that share a scale; 0: the whole row
  bool symmetric = false;
  GptqOptions gptq;  ///< as the following at its defaults where the method is another
  AwqOptions awq;
  Bnb4BitOptions bnb_4bit;
  Activation activation = Activation::a32;
  std::vector<FormatOverride> overrides;

  /// The canonical spelling; parse_format gives it back.
  [[nodiscard]] std::string name() const;

  /// The format of one matrix: the last override whose pattern matches, else `fallback`.
  [[nodiscard]] const FormatSpec& for_matrix(std::string_view canonical_name, const FormatSpec& fallback) const;

  /// Whether any part of it needs calibration text.
  [[nodiscard]] bool needs_calibration() const;

  /// The same method told the same things; activations and overrides do not count.
  [[nodiscard]] bool same_scheme(const FormatSpec& other) const {
    return method == other.method && bits == other.bits && group_size == other.group_size &&
           symmetric == other.symmetric && gptq == other.gptq && awq == other.awq && bnb_4bit == other.bnb_4bit;
  }
};

/// "blocks.*.attn.v=rtn-w8": `*` stands for any run of characters without a dot.
struct FormatOverride {
  std::string pattern;
  FormatSpec format;
};

/// Calls take(options, whether they are those of the format's method) for the options of every method. `Spec` is a
/// FormatSpec or a constant one.
template <class Spec, class Take>
void for_each_method_options(Spec& format, Take&& take) {
  take(format.gptq, format.method == Method::gptq);
  take(format.awq, format.method == Method::awq);
  take(format.bnb_4bit, is_bnb_4bit(format.method));
}

[[nodiscard]] inline bool matches_pattern(std::string_view pattern, std::string_view name) {
  return matches_glob(pattern, name, '.');
}

inline const FormatSpec& FormatSpec::for_matrix(std::string_view canonical_name, const FormatSpec& fallback) const {
  for (auto rule = overrides.rbegin(); rule != overrides.rend(); ++rule)
    if (matches_pattern(rule->pattern, canonical_name)) return rule->format;
  return fallback;
}

inline bool FormatSpec::needs_calibration() const {
  bool needs = method_info(method).calibration;
  for (const FormatOverride& rule : overrides) needs = needs || rule.format.needs_calibration();
  return needs;
}

inline std::string FormatSpec::name() const {
  const MethodInfo& info = method_info(method);
  std::string text(info.name);
  if (bits != 0) text += concat("-w", bits);
  if (group_size != info.default_group) text += concat("-g", group_size);
  if (symmetric != symmetric_by_default(method, bits)) text += symmetric ? "-sym" : "-asym";
  for_each_method_options(*this, [&](const auto& options, bool) { text += name_of_options(options); });
  if (activation == Activation::a8) text += "-a8";
  for (const FormatOverride& rule : overrides) text += ";" + rule.pattern + "=" + rule.format.name();
  return text;
}

/// Calls take(key, value) with what a scheme says of every option of every method; `value` is null where `format` is of
/// a method without it.
template <class Take>
void for_each_option(const FormatSpec& format, Take&& take) {
  for_each_method_options(format, [&]<class Options>(const Options& options, bool own) {
    for (const auto& option : method_options<Options>) {
      const SchemeValue value = option.value(options);
      take(option.key, own ? &value : nullptr);
    }
  });
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
  return {
      "format",
      concat("format '", text, "': ", why,
             "; a format is full, native[-a8], rtn-wB[-gG][-sym|-asym], gptq-wB[-gG][-asym]",
             grammar_of_options<GptqOptions>(), ", awq-wB[-gG][-sym]", grammar_of_options<AwqOptions>(),
             " (B of 3, 4), hqq-wB[-gG], bnb-nf4[-gG]", grammar_of_options<Bnb4BitOptions>(), ", bnb-fp4[-gG]",
             grammar_of_options<Bnb4BitOptions>(),
             ", bnb-int8, int8-weight-only, or gguf-{q4_0,q4_1,q8_0,f16}, with B of 2, 3, 4, 8 and -a8 behind integer "
             "codes")};
}

/// The number after the name of a part such as "w4" or "damp5"; at most six digits.
[[nodiscard]] inline std::size_t number_of(std::string_view text, std::string_view part, std::string_view name) {
  const std::string_view digits = part.substr(name.size());
  std::size_t value = 0;
  if (digits.empty() || digits.size() > 6) throw bad_format(text, concat("'", part, "' holds no whole number"));
  for (const char c : digits) {
    if (c < '0' || c > '9') throw bad_format(text, concat("'", part, "' holds no whole number"));
    value = value * 10 + static_cast<std::size_t>(c - '0');
  }
  return value;
}

/// The method whose name `text` begins with; names hold dashes themselves.
[[nodiscard]] inline const MethodInfo& method_of(std::string_view text) {
  for (const MethodInfo* info : known_methods())
    if (text == info->name || text.starts_with(concat(info->name, "-"))) return *info;
  // The nearest name to as many of the text's parts as that name has.
  throw unknown_name("quantization method", text.substr(0, text.find("-w")), method_names());
}

/// Reads the parts behind a method's name one by one, each at most once and in the grammar's order.
class PartReader {
 public:
  PartReader(std::string_view text, const MethodInfo& info) : text_(text), info_(info) {
    spec_.method = info.method;
    spec_.group_size = info.default_group;
  }

  [[nodiscard]] FormatSpec read() {
    if (text_.size() > info_.name.size())
      for (const std::string& part : split(text_.substr(info_.name.size() + 1), '-')) take(part);
    if (info_.bits && spec_.bits == 0) throw bad_format(text_, concat(info_.name, " needs a bit width such as -w4"));
    return spec_;
  }

 private:
  void take(const std::string& part) {
    if (info_.bits && part.starts_with('w')) {
      place(part, 1);
      spec_.bits = bits_of(part);
      spec_.symmetric = symmetric_by_default(spec_.method, spec_.bits);
    } else if (info_.group && part.starts_with('g')) {
      place(part, 2);
      spec_.group_size = group_of(part);
    } else if (info_.symmetry && (part == "sym" || part == "asym")) {
      place(part, 3);
      spec_.symmetric = part == "sym";
    } else if (takes_option(part)) {
      return;
    } else if (part == "a8") {
      place(part, behind_options);
      if (!info_.int8_activations) throw bad_format(text_, no_int8());
      spec_.activation = Activation::a8;
    } else if (part == "abf16") {
      throw bad_format(text_, "bf16 activations are not available in this version");
    } else if (part.starts_with('w') && !info_.bits) {
      throw bad_format(text_, concat(info_.name, " takes no bit width"));
    } else {
      throw bad_format(text_, concat("'", part, "' does not belong here"));
    }
  }

  /// False for a part that is none of the method's own options.
  bool takes_option(const std::string& part) {
    bool taken = false;
    for_each_method_options(spec_,
                            [&](auto& options, bool own) { taken = taken || (own && take_option(options, part)); });
    return taken;
  }

  template <class Options>
  bool take_option(Options& options, const std::string& part) {
    int at = first_option;
    for (const auto& option : method_options<Options>) {
      if (option.is_named_by(part)) {
        place(part, at);
        const std::size_t number = option.has_number() ? number_of(text_, part, option.spelling) : 1;
        if (option.has_number() && number > static_cast<std::size_t>(option.largest))
          throw bad_format(text_, option.limit);
        option.set(options, static_cast<int>(number));
        return true;
      }
      ++at;
    }
    return false;
  }

  /// Parts come in ascending order of their place.
  void place(std::string_view part, int at) {
    if (at <= last_ || (at > 1 && info_.bits && last_ < 1))
      throw bad_format(text_, concat("'", part, "' does not belong here"));
    last_ = at;
  }

  [[nodiscard]] std::string no_int8() const {
    if (spec_.method == Method::full)
      return "full has no integer codes to meet int8 activations; did you mean native-a8?";
    if (spec_.method == Method::bnb_int8) return "bnb-int8 quantizes activations by its own rule";
    return concat(info_.name, " has no integer codes to meet int8 activations");
  }

  [[nodiscard]] int bits_of(const std::string& part) const {
    const std::size_t bits = number_of(text_, part, "w");
    if (bits != 2 && bits != 3 && bits != 4 && bits != 8) throw bad_format(text_, concat("no ", bits, "-bit codes"));
    if (spec_.method == Method::awq && bits != 3 && bits != 4) throw bad_format(text_, "awq is for 3 and 4 bits");
    return static_cast<int>(bits);
  }

  [[nodiscard]] std::size_t group_of(const std::string& part) const {
    const std::size_t group = number_of(text_, part, "g");
    if (is_bnb_4bit(spec_.method)) {
      if (group < 32 || group > 4096 || (group & (group - 1)) != 0)
        throw bad_format(text_, "a block of bitsandbytes is a power of two from 32 to 4096");
    } else if (group == 0 || group % 32 != 0) {
      throw bad_format(text_, "a group is a multiple of 32 inputs (leave -gG out for the whole row)");
    }
    return group;
  }

  static constexpr int first_option = 4, behind_options = 100;

  std::string_view text_;
  const MethodInfo& info_;
  FormatSpec spec_;
  int last_ = 0;
};

[[nodiscard]] inline FormatSpec parse_one(std::string_view text) { return PartReader(text, method_of(text)).read(); }

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

/// Whether parse_format takes the text.
[[nodiscard]] inline bool is_format(std::string_view text) {
  try {
    static_cast<void>(parse_format(text));
    return true;
  } catch (const InputError&) {
    return false;
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
