/// What json.hpp declares, defined.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/io/file_kind.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/json_events.hpp"
#include "quantlens/io/utf8.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// Builds the value from the parser's events and refuses what the parser itself would let through.
template <class Json>
class StrictJsonBuilder {
 public:
  StrictJsonBuilder(std::string_view what, LargeIntegers large_integers, const std::size_t* taken)
      : what_(what), large_integers_(large_integers), taken_(taken) {}

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(typename Json::number_integer_t value) { return add(value); }
  bool number_unsigned(typename Json::number_unsigned_t value) { return add(value); }
  bool number_float(typename Json::number_float_t value, const std::string& text) {
    // The parser turns integers that are too large into rounded floats.
    if (large_integers_ == LargeIntegers::refused && text.find_first_of(".eE") == std::string::npos)
      fail(concat("integer ", text, " does not fit 64 bits"));
    return add(value);
  }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(typename Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    Json& object = *open_.back();
    if (object.contains(name)) fail(concat("duplicate key '", name, "'"));
    slot_ = &object[name];
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) {
    throw FormatError("json", what_, position == 0 ? 0 : position - 1, json_explanation(error));
  }

  [[nodiscard]] Json take() { return std::move(root_); }

 private:
  static constexpr std::size_t max_depth = 64;

  template <class Value>
  bool add(Value&& value) {
    place() = std::forward<Value>(value);
    return true;
  }
  bool open(Json container) {
    if (open_.size() == max_depth) fail(concat("nested deeper than ", max_depth));
    Json& placed = place();
    placed = std::move(container);
    open_.push_back(&placed);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  /// Where the next value belongs. Addresses of open containers stay valid: only the innermost one grows.
  Json& place() {
    if (open_.empty()) return root_;
    if (open_.back()->is_object()) return *slot_;
    open_.back()->push_back(nullptr);
    return open_.back()->back();
  }
  [[noreturn]] void fail(std::string_view message) const { throw FormatError("json", what_, *taken_, message); }

  std::string_view what_;
  LargeIntegers large_integers_;
  const std::size_t* taken_;
  Json root_;
  std::vector<Json*> open_;
  Json* slot_ = nullptr;
};

}  // namespace detail

template <class Json>
Json parse_json_strict(std::string_view text, std::string_view what, LargeIntegers large_integers) {
  std::size_t taken = 0;
  detail::StrictJsonBuilder<Json> builder(what, large_integers, &taken);
  const char* const end = text.data() + text.size();
  // Every problem is thrown, so the result of sax_parse says nothing more.
  static_cast<void>(
      Json::sax_parse(detail::CountingIterator(text.data(), &taken), detail::CountingIterator(end, &taken), &builder));
  return builder.take();
}

#ifdef QUANTLENS_COMPILED_RUNTIME
template nlohmann::json parse_json_strict(std::string_view, std::string_view, LargeIntegers);
template nlohmann::ordered_json parse_json_strict(std::string_view, std::string_view, LargeIntegers);
#endif

QUANTLENS_INLINE nlohmann::json read_json_file(const std::filesystem::path& path) {
  const MappedFile file = open_as(FileKind::json, path);
  require_text(file.text(), "json", path.filename().string());
  return parse_json_strict(file.text(), path.filename().string());
}

}  // namespace quantlens::inline QUANTLENS_ABI
