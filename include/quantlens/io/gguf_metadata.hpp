/// The key-value part of a GGUF file: read with every bound checked, decoded when asked for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/utf8.hpp"
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

namespace detail {

/// Calls visit(T{}) with the C++ type of a fixed-size value; false for strings, arrays and unknown numbers.
template <class Visit>
bool visit_gguf_scalar(GgufValueType type, Visit&& visit) {
  switch (type) {
    case GgufValueType::u8:
    case GgufValueType::boolean:
      return visit(std::uint8_t{}), true;
    case GgufValueType::i8:
      return visit(std::int8_t{}), true;
    case GgufValueType::u16:
      return visit(std::uint16_t{}), true;
    case GgufValueType::i16:
      return visit(std::int16_t{}), true;
    case GgufValueType::u32:
      return visit(std::uint32_t{}), true;
    case GgufValueType::i32:
      return visit(std::int32_t{}), true;
    case GgufValueType::f32:
      return visit(float{}), true;
    case GgufValueType::u64:
      return visit(std::uint64_t{}), true;
    case GgufValueType::i64:
      return visit(std::int64_t{}), true;
    case GgufValueType::f64:
      return visit(double{}), true;
    case GgufValueType::string:
    case GgufValueType::array:
      break;
  }
  return false;
}

[[nodiscard]] inline std::uint64_t gguf_scalar_bytes(GgufValueType type) {
  std::uint64_t bytes = 0;
  visit_gguf_scalar(type, [&](auto zero) { bytes = sizeof zero; });
  return bytes;
}

[[nodiscard]] inline GgufValueType read_gguf_value_type(ByteReader& reader, std::string_view key) {
  const std::uint64_t start = reader.offset();
  const auto id = reader.read<std::uint32_t>("a value type");
  if (id >= gguf_value_type_names.size()) reader.fail_at(start, concat("key '", key, "' has unknown value type ", id));
  return static_cast<GgufValueType>(id);
}

/// Reads and checks one value, leaving it in place.
[[nodiscard]] inline GgufEntry read_gguf_value(ByteReader& reader, std::string_view key) {
  GgufEntry entry{key, read_gguf_value_type(reader, key), GgufValueType::u8, 1, 0, {}};
  entry.element_type = entry.type;
  if (entry.is_array()) {
    const std::uint64_t start = reader.offset();
    entry.element_type = read_gguf_value_type(reader, key);
    if (entry.element_type == GgufValueType::array)
      reader.fail_at(start, concat("key '", key, "': an array of arrays"));
    const std::uint64_t size = gguf_scalar_bytes(entry.element_type);
    entry.count = reader.count(concat("the length of array '", key, "'"), size != 0 ? size : sizeof(std::uint64_t));
  }
  entry.offset = reader.offset();
  if (entry.element_type == GgufValueType::string) {
    for (std::uint64_t i = 0; i < entry.count; ++i) static_cast<void>(reader.length_and_text("a string"));
  } else {
    const auto values = reader.take(entry.count * gguf_scalar_bytes(entry.element_type), "a value");
    if (entry.element_type == GgufValueType::boolean)
      for (std::size_t i = 0; i < values.size(); ++i)
        if (std::to_integer<unsigned>(values[i]) > 1)
          reader.fail_at(entry.offset + i, concat("key '", key, "': a bool that is neither 0 nor 1"));
  }
  entry.bytes = reader.since(entry.offset);
  return entry;
}

}  // namespace detail

inline void GgufMetadata::read_metadata(ByteReader& reader, std::uint64_t n) {
  constexpr std::size_t max_key_bytes = 65535;  // GGUF specification
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t start = reader.offset();
    const std::string_view key = reader.length_and_text("a key");
    if (key.empty() || key.size() > max_key_bytes) reader.fail_at(start, concat("a key of ", key.size(), " bytes"));
    for (std::size_t c = 0; c < key.size(); ++c)
      if (key[c] < ' ' || key[c] > '~')
        reader.fail_at(start + sizeof(std::uint64_t) + c, "a key with a character outside printable ASCII");
    if (!index_.emplace(key, entries_.size()).second) reader.fail_at(start, concat("duplicate key '", key, "'"));
    entries_.push_back(detail::read_gguf_value(reader, key));
  }
}

inline const GgufEntry* GgufMetadata::find_entry(std::string_view key) const {
  const auto found = index_.find(key);
  return found != index_.end() ? &entries_[found->second] : nullptr;
}

inline const GgufEntry& GgufMetadata::require(std::string_view key) const {
  if (const GgufEntry* entry = find_entry(key)) return *entry;
  throw InputError("gguf_key", concat(name_, ": no key '", key, "'"));
}

inline const GgufEntry& GgufMetadata::require_array(std::string_view key) const {
  const GgufEntry& entry = require(key);
  if (!entry.is_array()) throw wrong_type(entry, "an array");
  return entry;
}

inline std::string GgufMetadata::as_string(const GgufEntry& entry) const {
  if (entry.type != GgufValueType::string) throw wrong_type(entry, "a string");
  const auto text = entry.bytes.subspan(sizeof(std::uint64_t));
  std::string value(reinterpret_cast<const char*>(text.data()), text.size());
  if (const auto bad = first_invalid_utf8(value))
    throw bad_value(entry, entry.offset + sizeof(std::uint64_t) + *bad, "is not UTF-8");
  return value;
}

inline std::uint64_t GgufMetadata::as_uint(const GgufEntry& entry) const {
  bool fits = false;
  std::uint64_t value = 0;
  if (entry.type != GgufValueType::boolean)
    detail::visit_gguf_scalar(entry.type, [&]<class T>(T) {
      if constexpr (std::is_integral_v<T>) {
        const T stored = load_unaligned<T>(entry.bytes.data());
        fits = std::in_range<std::uint64_t>(stored);
        value = static_cast<std::uint64_t>(stored);
      }
    });
  if (!fits) throw wrong_type(entry, "an integer of 0 or more");
  return value;
}

inline double GgufMetadata::as_number(const GgufEntry& entry) const {
  double value = 0;
  const bool scalar = detail::visit_gguf_scalar(
      entry.type, [&]<class T>(T) { value = static_cast<double>(load_unaligned<T>(entry.bytes.data())); });
  if (!scalar || entry.type == GgufValueType::boolean) throw wrong_type(entry, "a number");
  return value;
}

inline bool GgufMetadata::as_boolean(const GgufEntry& entry) const {
  if (entry.type != GgufValueType::boolean) throw wrong_type(entry, "a bool");
  return std::to_integer<int>(entry.bytes[0]) != 0;
}

inline std::vector<std::string> GgufMetadata::strings(std::string_view key) const {
  const GgufEntry& entry = require_array(key);
  if (entry.element_type != GgufValueType::string) throw wrong_type(entry, "an array of strings");
  ByteReader reader(entry.bytes, "gguf", name_);
  std::vector<std::string> values;
  values.reserve(static_cast<std::size_t>(entry.count));
  for (std::uint64_t i = 0; i < entry.count; ++i) {
    const std::string_view text = reader.length_and_text("a string");
    if (const auto bad = first_invalid_utf8(text))
      throw bad_value(entry, entry.offset + reader.offset() - text.size() + *bad, concat("item ", i, " is not UTF-8"));
    values.emplace_back(text);
  }
  return values;
}

inline std::vector<std::int32_t> GgufMetadata::ints(std::string_view key) const {
  const GgufEntry& entry = require_array(key);
  std::vector<std::int32_t> values;
  bool integral = false;
  if (entry.element_type != GgufValueType::boolean)
    detail::visit_gguf_scalar(entry.element_type, [&]<class T>(T) {
      if constexpr (std::is_integral_v<T>) {
        integral = true;
        values.reserve(static_cast<std::size_t>(entry.count));
        for (std::size_t at = 0; at < entry.bytes.size(); at += sizeof(T)) {
          const T stored = load_unaligned<T>(entry.bytes.data() + at);
          if (!std::in_range<std::int32_t>(stored))
            throw bad_value(entry, entry.offset + at, concat("item ", at / sizeof(T), " does not fit 32 bits"));
          values.push_back(static_cast<std::int32_t>(stored));
        }
      }
    });
  if (!integral) throw wrong_type(entry, "an array of integers");
  return values;
}

inline std::uint64_t GgufMetadata::uint_of_all_blocks(std::string_view key) const {
  const GgufEntry& entry = require(key);
  if (!entry.is_array()) return as_uint(entry);
  const std::vector<std::int32_t> values = ints(key);
  if (values.empty() || values.front() < 0) throw wrong_type(entry, "integers of 0 or more");
  for (std::size_t i = 1; i < values.size(); ++i)
    if (values[i] != values.front())
      throw InputError("config", concat(name_, ": ", key, " is ", values.front(), " in block 0 and ", values[i],
                                        " in block ", i, "; blocks of different sizes are not supported"));
  return static_cast<std::uint64_t>(values.front());
}

inline std::vector<float> GgufMetadata::floats(std::string_view key) const {
  const GgufEntry& entry = require_array(key);
  std::vector<float> values;
  bool floating = false;
  detail::visit_gguf_scalar(entry.element_type, [&]<class T>(T) {
    if constexpr (std::is_floating_point_v<T>) {
      floating = true;
      values.reserve(static_cast<std::size_t>(entry.count));
      for (std::size_t at = 0; at < entry.bytes.size(); at += sizeof(T))
        values.push_back(static_cast<float>(load_unaligned<T>(entry.bytes.data() + at)));
    }
  });
  if (!floating) throw wrong_type(entry, "an array of floats");
  return values;
}

inline FormatError GgufMetadata::wrong_type(const GgufEntry& entry, std::string_view wanted) const {
  const std::string got = entry.is_array() ? concat("array of ", quantlens::name(entry.element_type))
                                           : std::string(quantlens::name(entry.type));
  return bad_value(entry, entry.offset, concat("should be ", wanted, ", got ", got));
}

inline FormatError GgufMetadata::bad_value(const GgufEntry& entry, std::uint64_t at, std::string_view problem) const {
  return FormatError("gguf", name_, at, concat("key '", entry.key, "': ", problem));
}

}  // namespace quantlens::inline QUANTLENS_ABI
