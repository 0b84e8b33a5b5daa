/// Typed errors with a stable id: what, where, expected, got, next step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "quantlens/core/error_ids.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Joins its arguments as a stream would print them.
template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// An operation that failed through no fault of the input (a full disk, a lost file): programs exit with 1.
/// `what()` reads "[quantlens.<id>] <message>", in one line that a terminal can show whatever a file holds.
class Error : public std::runtime_error {
 public:
  Error(ErrorId id, std::string_view message)
      : std::runtime_error(printable(concat("[quantlens.", id, "] ", message))), id_(id) {}

  /// The stable part that a program may compare, such as "shape" or "gguf".
  [[nodiscard]] ErrorId id() const noexcept { return id_; }

  /// what() behind its prefix: what an error quotes that says more of the same failure.
  [[nodiscard]] std::string_view message() const noexcept { return std::string_view(what()).substr(prefix_size_); }

 private:
  ErrorId id_;
  std::size_t prefix_size_ = std::string_view("[quantlens.] ").size() + id_.name().size();
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

/// The same error with what it is about in front, such as the name of a matrix.
[[nodiscard]] inline InputError error_of(std::string_view what, const InputError& error) {
  return {error.id(), concat(what, ": ", error.message())};
}

/// A file that breaks its format, with the byte offset at which that shows.
class FormatError : public InputError {
 public:
  FormatError(ErrorId id, std::string_view file, std::uint64_t offset, std::string_view message)
      : InputError(id, concat(file, " at byte ", offset, ": ", message)),
        offset_(offset),
        reason_(printable(message)) {}

  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

  /// What is wrong there, without file and offset.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  std::uint64_t offset_;
  std::string reason_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
