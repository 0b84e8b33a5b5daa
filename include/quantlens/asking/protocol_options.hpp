/// Choices that a user may make for a protocol, as the protocol declares them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/parse_number.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One choice: its name, its value where the user makes none, and what it may be.
struct OptionInfo {
  std::string_view name;
  std::string_view fallback;
  std::string_view meaning;
  std::vector<std::string> values = {};  ///< empty: a whole number from 0
  bool is_real = false;                  ///< without values: any number from 0
};

/// A choice that a user has made. An empty protocol: for every protocol that has such an option.
struct OptionChoice {
  std::string option;
  std::string value;
  std::string protocol = {};
};

/// The options of one protocol with their values.
class ProtocolOptions {
 public:
  explicit ProtocolOptions(std::vector<OptionInfo> infos) : infos_(std::move(infos)) {
    for (const OptionInfo& info : infos_) values_.emplace(info.name, info.fallback);
  }

  [[nodiscard]] const std::vector<OptionInfo>& infos() const noexcept { return infos_; }
  [[nodiscard]] bool has(std::string_view option) const { return values_.contains(option); }

  /// Every option's value, the user's or its own: part of what answers depend on.
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& values() const noexcept { return values_; }

  /// Precondition: there is such an option.
  [[nodiscard]] const std::string& text(std::string_view option) const { return values_.find(option)->second; }
  /// Precondition: there is such an option, and it is a number.
  [[nodiscard]] std::size_t count(std::string_view option) const { return count_of(option, text(option)); }

  /// Precondition: as count.
  [[nodiscard]] double real(std::string_view option) const { return real_of(option, text(option)); }

  /// Errors: InputError "unknown_name" for an option or a value that there is not, with the nearest; "usage" for what
  /// is no number of its kind.
  void choose(std::string_view option, const std::string& value) {
    const auto info = std::ranges::find(infos_, option, &OptionInfo::name);
    if (info == infos_.end()) throw unknown_name("protocol option", option, names());
    if (info->values.empty() && info->is_real) static_cast<void>(real_of(option, value));
    if (info->values.empty() && !info->is_real) static_cast<void>(count_of(option, value));
    if (!info->values.empty() && std::ranges::find(info->values, value) == info->values.end())
      throw unknown_name(concat("value of the protocol option ", option), value, info->values);
    values_.find(option)->second = value;
  }

 private:
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const OptionInfo& info : infos_) all.emplace_back(info.name);
    return all;
  }

  [[nodiscard]] static std::size_t count_of(std::string_view option, std::string_view text) {
    return parse_whole_number(concat("the protocol option ", option), text, {.least = 0});
  }

  [[nodiscard]] static double real_of(std::string_view option, std::string_view text) {
    return parse_real_number(concat("the protocol option ", option), text, {.least = 0, .most = RealRange::no_end});
  }

  std::vector<OptionInfo> infos_;
  std::map<std::string, std::string, std::less<>> values_;
};

/// Reads "label_score=mean" or "nle.label_score=mean". Errors: InputError "usage".
[[nodiscard]] inline OptionChoice parse_option_choice(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::size_t dot = name.find('.');
  const std::string_view option = dot == std::string_view::npos ? name : name.substr(dot + 1);
  if (equals == std::string_view::npos || option.empty() || dot == 0)
    throw InputError("usage", concat("a protocol option is [PROTOCOL.]OPTION=VALUE; got '", text, "'"));
  return {std::string(option), std::string(text.substr(equals + 1)),
          dot == std::string_view::npos ? std::string() : std::string(name.substr(0, dot))};
}

}  // namespace quantlens::inline QUANTLENS_ABI
