/// Typed errors with a stable id: what, where, expected, got, next step.
#pragma once

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace quantlens::inline v0_1 {

/// Joins its arguments as a stream would print them.
template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// An operation that failed through no fault of the input (a full disk, a lost file): programs exit with 1.
/// `what()` reads "[quantlens.<id>] <message>".
class Error : public std::runtime_error {
 public:
  Error(std::string_view id, std::string_view message)
      : std::runtime_error(concat("[quantlens.", id, "] ", message)), id_(id) {}

  /// The stable part that a program may compare, such as "shape" or "gguf".
  [[nodiscard]] const std::string& id() const noexcept { return id_; }

 private:
  std::string id_;
};

/// Wrong use or bad input (a malformed file, an unknown name): programs exit with 2.
class InputError : public Error {
 public:
  using Error::Error;
};

/// What one request, item or line alone is to blame for (a prompt beyond the context, a chat that the template
/// refuses): whoever works on many of them leaves it out by name and goes on with the others.
class ItemError : public InputError {
 public:
  using InputError::InputError;
};

/// A file that breaks its format, with the byte offset at which that shows.
class FormatError : public InputError {
 public:
  FormatError(std::string_view id, std::string_view file, std::uint64_t offset, std::string_view message)
      : InputError(id, concat(file, " at byte ", offset, ": ", message)), offset_(offset) {}

  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

 private:
  std::uint64_t offset_;
};

}  // namespace quantlens::inline v0_1
