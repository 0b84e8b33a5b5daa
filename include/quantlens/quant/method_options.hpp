/// How a method declares options of its own: the parts of a format's name, and what the scheme of a row says of them.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <variant>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What a scheme says of one option.
using SchemeValue = std::variant<bool, double, std::string_view>;

/// One option of `Options`, a struct of flags and numbers with their defaults. Names hold what differs from these.
template <class Options>
struct MethodOption {
  std::string_view spelling;  ///< "act" of -act; a number comes behind it, as in -damp5
  std::variant<bool Options::*, int Options::*> field;
  std::string_view key;  ///< in a scheme
  SchemeValue (*value)(const Options&);
  int largest = 0;              ///< of a number
  char unit = ' ';              ///< of a number, as the grammar names it
  std::string_view limit = {};  ///< what is said of a larger one

  [[nodiscard]] bool has_number() const { return field.index() == 1; }
  [[nodiscard]] int number(const Options& options) const {
    return std::visit([&](auto member) { return static_cast<int>(options.*member); }, field);
  }
  void set(Options& options, int number) const {
    if (const auto* flag = std::get_if<0>(&field))
      options.** flag = number != 0;
    else
      options.*std::get<1>(field) = number;
  }
  /// Whether a part of a name is about this option.
  [[nodiscard]] bool is_named_by(std::string_view part) const {
    return has_number() ? part.starts_with(spelling) : part == spelling;
  }
};

/// The options of a method in the order in which a name holds them; a method specializes this for its struct.
template <class Options>
inline constexpr std::array<MethodOption<Options>, 0> method_options{};

/// Such as "-act-damp5".
template <class Options>
[[nodiscard]] std::string name_of_options(const Options& options) {
  std::string text;
  for (const auto& option : method_options<Options>) {
    const int number = option.number(options);
    if (number == option.number(Options{})) continue;
    text += concat("-", option.spelling, option.has_number() ? std::to_string(number) : "");
  }
  return text;
}

/// Such as "[-act][-dampP]".
template <class Options>
[[nodiscard]] std::string grammar_of_options() {
  std::string text;
  for (const auto& option : method_options<Options>)
    text += concat("[-", option.spelling, option.has_number() ? std::string(1, option.unit) : "", "]");
  return text;
}

}  // namespace quantlens::inline QUANTLENS_ABI
