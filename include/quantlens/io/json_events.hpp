/// What readers of JSON event by event share.
#pragma once

#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::detail {

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

}  // namespace quantlens::inline QUANTLENS_ABI::detail
