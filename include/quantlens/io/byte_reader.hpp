/// A cursor over the bytes of a file whose every read is checked against the end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

static_assert(std::endian::native == std::endian::little, "the file formats are little-endian and read in place");

/// a * b, or nothing where that exceeds what a signed 64-bit size can hold.
[[nodiscard]] constexpr std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b) {
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (b != 0 && a > limit / b) return std::nullopt;
  return a * b;
}

/// The value that starts at `from`, which need not be aligned.
template <class T>
[[nodiscard]] T load_unaligned(const std::byte* from) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Reads little-endian values one after the other. Errors: FormatError with the given id and the offset of what was
/// being read.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, ErrorId id, std::string file)
      : bytes_(bytes), id_(id), file_(std::move(file)) {}

  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::uint64_t remaining() const { return bytes_.size() - offset_; }

  template <class T>
  T read(std::string_view what) {
    return load_unaligned<T>(take(sizeof(T), what).data());
  }

  /// The next `size` bytes, still in place.
  std::span<const std::byte> take(std::uint64_t size, std::string_view what) {
    if (size > remaining()) fail(concat(what, " needs ", size, " bytes, but only ", remaining(), " are left"));
    const auto taken = bytes_.subspan(static_cast<std::size_t>(offset_), static_cast<std::size_t>(size));
    offset_ += size;
    return taken;
  }

  /// What was read from `start` up to here.
  [[nodiscard]] std::span<const std::byte> since(std::uint64_t start) const {
    return bytes_.subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(offset_ - start));
  }

  /// A 64-bit length and that many bytes.
  std::string_view length_and_text(std::string_view what) {
    const auto text = take(read<std::uint64_t>(what), what);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }

  /// A count of records that each take at least `record_bytes`: refused before anybody allocates for it.
  std::uint64_t count(std::string_view what, std::uint64_t record_bytes) {
    const std::uint64_t start = offset_;
    const auto n = read<std::uint64_t>(what);
    if (n > remaining() / record_bytes)
      fail_at(start, concat(what, " is ", n, ", but only ", remaining(), " bytes are left"));
    return n;
  }

  [[noreturn]] void fail(std::string_view message) const { fail_at(offset_, message); }
  [[noreturn]] void fail_at(std::uint64_t offset, std::string_view message) const {
    throw FormatError(id_, file_, offset, message);
  }

 private:
  std::span<const std::byte> bytes_;
  ErrorId id_;
  std::string file_;
  std::uint64_t offset_ = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI
