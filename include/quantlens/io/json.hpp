/// JSON read strictly: what is ambiguous or does not fit is an error, never a guess.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/file_kind.hpp"
#include "quantlens/io/utf8.hpp"

namespace quantlens::inline v0_1 {

/// What becomes of integers beyond 64 bits. Hugging Face's files write "no limit" as 10^30: there they are read as
/// floats, which no reader of a size or an id takes.
enum class LargeIntegers { refused, as_floats };

namespace detail {

/// Tells how many bytes the parser has taken, which its events do not.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::size_t* taken) : at_(at), taken_(taken) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*taken_;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  std::size_t* taken_;
};

/// What a reader wants of the parser's "[json.exception....] explanation".
[[nodiscard]] inline std::string_view json_explanation(const nlohmann::detail::exception& error) {
  const std::string_view text = error.what();
  const std::size_t at = text.find("] ");
  return at == std::string_view::npos ? text : text.substr(at + 2);
}

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

/// Reads one JSON value that takes up the whole text.
/// Errors: FormatError `json` naming `what` and the byte offset (at, or for duplicate keys and numbers just behind,
/// the culprit): syntax, duplicate keys, bad UTF-8, more than 64 levels, integers beyond 64 bits, floats beyond double.
template <class Json = nlohmann::json>
[[nodiscard]] Json parse_json_strict(std::string_view text, std::string_view what,
                                     LargeIntegers large_integers = LargeIntegers::refused) {
  std::size_t taken = 0;
  detail::StrictJsonBuilder<Json> builder(what, large_integers, &taken);
  const char* const end = text.data() + text.size();
  // Every problem is thrown, so the result of sax_parse says nothing more.
  static_cast<void>(
      Json::sax_parse(detail::CountingIterator(text.data(), &taken), detail::CountingIterator(end, &taken), &builder));
  return builder.take();
}

/// Reads one JSON file strictly. Errors: as parse_json_strict, and of a file that is no UTF-8 text what it is.
[[nodiscard]] inline nlohmann::json read_json_file(const std::filesystem::path& path) {
  const MappedFile file = open_as(FileKind::json, path);
  require_text(file.text(), "json", path.filename().string());
  return parse_json_strict(file.text(), path.filename().string());
}

}  // namespace quantlens::inline v0_1
