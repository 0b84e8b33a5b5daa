/// The key-value part of a GGUF file: read with every bound checked, decoded when asked for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Numbered as in the file.
enum class GgufValueType : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

inline constexpr std::array<std::string_view, 13> gguf_value_type_names = {
    "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"};

[[nodiscard]] constexpr std::string_view name(GgufValueType type) {
  return gguf_value_type_names[static_cast<std::size_t>(type)];
}

/// One key and where its value lies in the file.
struct GgufEntry {
  std::string_view key;
  GgufValueType type;
  /// Of an array's elements; of a scalar the same as `type`.
  GgufValueType element_type;
  /// Elements of an array; 1 for a scalar.
  std::uint64_t count;
  /// Where `bytes` start in the file.
  std::uint64_t offset;
  /// The value, or an array's elements one after the other; strings keep their 64-bit lengths.
  std::span<const std::byte> bytes;

  [[nodiscard]] bool is_array() const { return type == GgufValueType::array; }
};

/// The metadata of one file, by key. Views into the file's bytes, which must outlive it.
/// Errors: InputError `gguf_key` for a key that is not there; FormatError `gguf` for a value of another type or
/// outside the asked-for range.
class GgufMetadata {
 public:
  [[nodiscard]] bool has(std::string_view key) const { return find_entry(key) != nullptr; }
  [[nodiscard]] const GgufEntry* find_entry(std::string_view key) const;
  [[nodiscard]] const std::vector<GgufEntry>& metadata() const { return entries_; }
  /// The file's name in messages.
  [[nodiscard]] const std::string& name() const { return name_; }

  [[nodiscard]] std::string string(std::string_view key) const { return as_string(require(key)); }
  [[nodiscard]] std::uint64_t uint(std::string_view key) const { return as_uint(require(key)); }
  /// Any integer or floating-point value.
  [[nodiscard]] double number(std::string_view key) const { return as_number(require(key)); }
  [[nodiscard]] bool boolean(std::string_view key) const { return as_boolean(require(key)); }

  [[nodiscard]] std::string string_or(std::string_view key, std::string fallback) const {
    const GgufEntry* entry = find_entry(key);
    return entry != nullptr ? as_string(*entry) : std::move(fallback);
  }
  [[nodiscard]] std::uint64_t uint_or(std::string_view key, std::uint64_t fallback) const {
    const GgufEntry* entry = find_entry(key);
    return entry != nullptr ? as_uint(*entry) : fallback;
  }
  [[nodiscard]] double number_or(std::string_view key, double fallback) const {
    const GgufEntry* entry = find_entry(key);
    return entry != nullptr ? as_number(*entry) : fallback;
  }
  [[nodiscard]] bool boolean_or(std::string_view key, bool fallback) const {
    const GgufEntry* entry = find_entry(key);
    return entry != nullptr ? as_boolean(*entry) : fallback;
  }

  /// An integer, or an array of them (one for each block) that are all the same.
  /// Errors: also InputError `config` for an array whose items differ.
  [[nodiscard]] std::uint64_t uint_of_all_blocks(std::string_view key) const;

  /// An array of strings; each must be well-formed UTF-8.
  [[nodiscard]] std::vector<std::string> strings(std::string_view key) const;
  /// An array of any integer type whose values all fit.
  [[nodiscard]] std::vector<std::int32_t> ints(std::string_view key) const;
  /// An array of f32 or f64.
  [[nodiscard]] std::vector<float> floats(std::string_view key) const;

 protected:
  GgufMetadata() = default;
  explicit GgufMetadata(std::string name) : name_(std::move(name)) {}

  /// Reads `n` key-value pairs.
  void read_metadata(ByteReader& reader, std::uint64_t n);

 private:
  [[nodiscard]] const GgufEntry& require(std::string_view key) const;
  [[nodiscard]] const GgufEntry& require_array(std::string_view key) const;
  [[nodiscard]] std::string as_string(const GgufEntry& entry) const;
  [[nodiscard]] std::uint64_t as_uint(const GgufEntry& entry) const;
  [[nodiscard]] double as_number(const GgufEntry& entry) const;
  [[nodiscard]] bool as_boolean(const GgufEntry& entry) const;
  [[nodiscard]] FormatError wrong_type(const GgufEntry& entry, std::string_view wanted) const;
  [[nodiscard]] FormatError bad_value(const GgufEntry& entry, std::uint64_t at, std::string_view problem) const;

  std::string name_;
  std::vector<GgufEntry> entries_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/io/gguf_metadata_impl.hpp"
#endif
