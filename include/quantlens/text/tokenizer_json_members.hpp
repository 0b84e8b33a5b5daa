/// How tokenizer.json's members are asked for: each is there with its type, or refused by name.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>

#include "quantlens/core/error.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::detail {

/// Readers derive from it. Errors: InputError `tokenizer`.
class TokenizerJsonMembers {
 protected:
  using json = nlohmann::json;

  template <class... Parts>
  [[noreturn]] static void refuse(const Parts&... parts) {
    throw InputError("tokenizer", concat("tokenizer.json: ", parts...));
  }

  [[noreturn]] static void refuse_type(std::string_view what, std::string_view type, std::string_view known) {
    refuse("the ", what, " '", type, "' is not supported; supported: ", known);
  }

  static bool is_null(const json& object, const char* key) { return !object.contains(key) || object[key].is_null(); }

  static const json& member(const json& object, const char* key) {
    if (is_null(object, key)) refuse("'", key, "' is missing");
    return object[key];
  }

  static void only(const json& object, std::string_view what, std::initializer_list<std::string_view> known) {
    if (!object.is_object()) refuse(what, " is not an object");
    for (const auto& entry : object.items())
      if (std::find(known.begin(), known.end(), entry.key()) == known.end())
        refuse(what, " has the member '", entry.key(), "', which is not supported");
  }

  static bool boolean(const json& object, const char* key, bool fallback) {
    if (is_null(object, key)) return fallback;
    if (!object[key].is_boolean()) refuse("'", key, "' is not true or false");
    return object[key].get<bool>();
  }

  /// A boolean that must be there.
  static bool flag(const json& object, const char* key) {
    member(object, key);
    return boolean(object, key, false);
  }

  static std::string string(const json& object, const char* key) {
    if (!member(object, key).is_string()) refuse("'", key, "' is not a string");
    return object[key].get<std::string>();
  }

  static std::string string(const json& object, const char* key, const char* fallback) {
    return is_null(object, key) ? fallback : string(object, key);
  }

  static const json& array(const json& object, const char* key) {
    if (!member(object, key).is_array()) refuse("'", key, "' is not an array");
    return object[key];
  }

  /// An integer that is far above any vocabulary's size at most, and far below what wraps.
  static TokenId id_of(const json& value, std::string_view what) {
    constexpr std::int64_t limit = 1 << 24;
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0 || value.get<std::int64_t>() >= limit)
      refuse(what, " has the id ", value.dump(), ", not an integer in [0, ", limit, ")");
    return value.get<TokenId>();
  }

  /// The id that a member's name is, as in tokenizer_config.json's added_tokens_decoder.
  static TokenId id_of_key(const std::string& key) {
    TokenId id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0)
      refuse("tokenizer_config.json's added_tokens_decoder has the key '", key, "', which is no token id");
    return id_of(id, key);
  }

  static std::string type_of(const json& component, std::string_view what) {
    if (!component.is_object()) refuse("the ", what, " is not an object");
    return string(component, "type");
  }
};

}  // namespace quantlens::inline QUANTLENS_ABI::detail
