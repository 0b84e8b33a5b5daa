/// What gguf_metadata.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/gguf_metadata.hpp"
#include "quantlens/io/utf8.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

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

QUANTLENS_INLINE void GgufMetadata::read_metadata(ByteReader& reader, std::uint64_t n) {
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

QUANTLENS_INLINE const GgufEntry* GgufMetadata::find_entry(std::string_view key) const {
  const auto found = index_.find(key);
  return found != index_.end() ? &entries_[found->second] : nullptr;
}

QUANTLENS_INLINE const GgufEntry& GgufMetadata::require(std::string_view key) const {
  if (const GgufEntry* entry = find_entry(key)) return *entry;
  throw InputError("gguf_key", concat(name_, ": no key '", key, "'"));
}

QUANTLENS_INLINE const GgufEntry& GgufMetadata::require_array(std::string_view key) const {
  const GgufEntry& entry = require(key);
  if (!entry.is_array()) throw wrong_type(entry, "an array");
  return entry;
}

QUANTLENS_INLINE std::string GgufMetadata::as_string(const GgufEntry& entry) const {
  if (entry.type != GgufValueType::string) throw wrong_type(entry, "a string");
  const auto text = entry.bytes.subspan(sizeof(std::uint64_t));
  std::string value(reinterpret_cast<const char*>(text.data()), text.size());
  if (const auto bad = first_invalid_utf8(value))
    throw bad_value(entry, entry.offset + sizeof(std::uint64_t) + *bad, "is not UTF-8");
  return value;
}

QUANTLENS_INLINE std::uint64_t GgufMetadata::as_uint(const GgufEntry& entry) const {
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

QUANTLENS_INLINE double GgufMetadata::as_number(const GgufEntry& entry) const {
  double value = 0;
  const bool scalar = detail::visit_gguf_scalar(
      entry.type, [&]<class T>(T) { value = static_cast<double>(load_unaligned<T>(entry.bytes.data())); });
  if (!scalar || entry.type == GgufValueType::boolean) throw wrong_type(entry, "a number");
  return value;
}

QUANTLENS_INLINE bool GgufMetadata::as_boolean(const GgufEntry& entry) const {
  if (entry.type != GgufValueType::boolean) throw wrong_type(entry, "a bool");
  return std::to_integer<int>(entry.bytes[0]) != 0;
}

QUANTLENS_INLINE std::vector<std::string> GgufMetadata::strings(std::string_view key) const {
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

QUANTLENS_INLINE std::vector<std::int32_t> GgufMetadata::ints(std::string_view key) const {
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

QUANTLENS_INLINE std::uint64_t GgufMetadata::uint_of_all_blocks(std::string_view key) const {
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

QUANTLENS_INLINE std::vector<float> GgufMetadata::floats(std::string_view key) const {
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

QUANTLENS_INLINE FormatError GgufMetadata::wrong_type(const GgufEntry& entry, std::string_view wanted) const {
  const std::string got = entry.is_array() ? concat("array of ", quantlens::name(entry.element_type))
                                           : std::string(quantlens::name(entry.type));
  return bad_value(entry, entry.offset, concat("should be ", wanted, ", got ", got));
}

QUANTLENS_INLINE FormatError GgufMetadata::bad_value(const GgufEntry& entry, std::uint64_t at,
                                                     std::string_view problem) const {
  return FormatError("gguf", name_, at, concat("key '", entry.key, "': ", problem));
}

}  // namespace quantlens::inline QUANTLENS_ABI
