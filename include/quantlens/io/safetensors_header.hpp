/// The JSON header of a safetensors file, read event by event straight into tensors: no tree of values is built, since
/// a header may list millions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/json_events.hpp"
#include "quantlens/io/safetensors_tensor.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// The length of the header, in front of it.
inline constexpr std::uint64_t safetensors_length_bytes = 8;

/// Bits of one element; 0 for a dtype that the format does not know.
[[nodiscard]] inline std::uint64_t safetensors_dtype_bits(std::string_view dtype) {
  struct Known {
    std::string_view name;
    std::uint64_t bits;
  };
  static constexpr auto known = std::to_array<Known>(
      {{"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F64", 64},    {"BOOL", 8},    {"U8", 8},   {"I8", 8},
       {"U16", 16},    {"I16", 16},    {"U32", 32},    {"I32", 32},    {"U64", 64},    {"I64", 64}, {"C64", 64},
       {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4}});
  for (const Known& type : known)
    if (type.name == dtype) return type.bits;
  return 0;
}

/// Receives the parser's events for one header. Every problem is thrown as FormatError `safetensors`.
class SafetensorsHeader {
 public:
  /// `header` is the JSON text, `data` what lies behind it, `file` names the file in messages.
  SafetensorsHeader(std::string_view header, std::span<const std::byte> data, std::string_view file)
      : header_(header), data_(data), file_(file) {}

  /// The tensors in the header's order; names may still occur twice.
  [[nodiscard]] std::vector<SafetensorsTensor> read() {
    std::size_t n = 0;
    for (std::size_t at = header_.find(offsets_key); at != std::string_view::npos;
         at = header_.find(offsets_key, at + 1))
      ++n;
    tensors_.reserve(n);
    const char* const end = header_.data() + header_.size();
    static_cast<void>(
        nlohmann::json::sax_parse(CountingIterator(header_.data(), &taken_), CountingIterator(end, &taken_), this));
    return std::move(tensors_);
  }

  /// Points at the tensor's name in the header, at the last place where it stands if `last`.
  [[noreturn]] void refuse(std::string_view tensor, std::string_view why, bool last = false) const {
    const std::string quoted = concat('"', tensor, '"');
    const std::size_t at = last ? header_.rfind(quoted) : header_.find(quoted);
    throw FormatError("safetensors", file_, safetensors_length_bytes + (at != std::string_view::npos ? at : 0),
                      concat("'", tensor, "': ", why));
  }

  bool null() { return other_value(); }
  bool boolean(bool) { return other_value(); }
  bool number_integer(nlohmann::json::number_integer_t) { return other_value(); }
  bool number_unsigned(nlohmann::json::number_unsigned_t value) {
    if (place_ != Place::list) return other_value();
    list().push_back(value);
    return true;
  }
  bool number_float(nlohmann::json::number_float_t, const std::string& text) {
    if (text.find_first_of(".eE") == std::string::npos) fail(taken_, concat("integer ", text, " does not fit 64 bits"));
    return other_value();
  }
  bool string(std::string& value) {
    if (place_ == Place::metadata) return true;
    if (place_ != Place::tensor || key_ != dtype_key) return other_value();
    tensor_.dtype = std::move(value);
    return true;
  }
  bool binary(nlohmann::json::binary_t&) { return other_value(); }
  bool start_object(std::size_t) {
    if (place_ == Place::outside) {
      place_ = Place::top;
    } else if (place_ == Place::top) {
      place_ = is_metadata_ ? Place::metadata : Place::tensor;
    } else {
      other_value();
    }
    return true;
  }
  bool end_object() {
    if (place_ == Place::tensor) finish_tensor();
    place_ = place_ == Place::top ? Place::outside : Place::top;
    return true;
  }
  bool start_array(std::size_t) {
    if (place_ != Place::tensor || key_ == dtype_key) return other_value();
    place_ = Place::list;
    return true;
  }
  bool end_array() {
    if (key_ == offsets_key && offsets_.size() != 2) other_value();
    place_ = Place::tensor;
    return true;
  }
  bool key(std::string& name) {
    if (place_ == Place::top) {
      is_metadata_ = name == metadata_key;
      if (is_metadata_ && std::exchange(had_metadata_, true)) duplicate(name);
      tensor_ = {};
      tensor_.name = std::move(name);
      offsets_.clear();
      seen_ = {};
    } else if (place_ == Place::metadata) {
      if (!metadata_names_.insert(name).second) duplicate(name);
    } else {
      const std::size_t which = name == dtype_key ? 0 : name == shape_key ? 1 : name == offsets_key ? 2 : 3;
      if (which == 3) refuse(tensor_.name, wrong_keys);
      if (std::exchange(seen_[which], true)) duplicate(name);
      key_ = std::move(name);
    }
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) {
    fail(position == 0 ? 0 : position - 1, json_explanation(error));
  }

 private:
  enum class Place { outside, top, metadata, tensor, list };
  static constexpr std::string_view dtype_key = "dtype", shape_key = "shape", offsets_key = "data_offsets",
                                    metadata_key = "__metadata__",
                                    wrong_keys = "should have dtype, shape and data_offsets, nothing else";

  [[noreturn]] void fail(std::size_t at, std::string_view why) const {
    throw FormatError("safetensors", file_, safetensors_length_bytes + at, concat("in the header: ", why));
  }
  [[noreturn]] void duplicate(std::string_view name) const { fail(taken_, concat("duplicate key '", name, "'")); }

  /// A value that cannot stand where it does.
  bool other_value() const {
    if (place_ == Place::metadata || (place_ == Place::top && is_metadata_))
      refuse(tensor_.name, "not an object of strings");
    if (place_ == Place::top) refuse(tensor_.name, wrong_keys);
    refuse(tensor_.name, key_ == dtype_key   ? "its dtype is no string"
                         : key_ == shape_key ? "its shape is no list of sizes"
                                             : "its data_offsets are not two offsets");
  }

  [[nodiscard]] std::vector<std::uint64_t>& list() { return key_ == shape_key ? tensor_.shape : offsets_; }

  void finish_tensor() {
    if (!seen_[0] || !seen_[1] || !seen_[2]) refuse(tensor_.name, wrong_keys);
    const std::uint64_t element_bits = safetensors_dtype_bits(tensor_.dtype);
    if (element_bits == 0) refuse(tensor_.name, concat("unknown dtype ", tensor_.dtype));
    std::optional<std::uint64_t> bits = element_bits;
    for (const std::uint64_t dim : tensor_.shape) {
      bits = checked_product(*bits, dim);
      if (!bits) refuse(tensor_.name, "its size overflows");
    }
    const std::uint64_t begin = offsets_[0], end = offsets_[1];
    if (begin > end || end > data_.size())
      refuse(tensor_.name, concat("its data_offsets [", begin, ", ", end, "] do not lie in the ", data_.size(),
                                  " bytes of data; is the download complete?"));
    if (*bits % 8 != 0 || *bits / 8 != end - begin)
      refuse(tensor_.name, concat("its shape needs ", *bits, " bits, its data_offsets hold ", end - begin, " bytes"));
    tensor_.data = data_.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    tensor_.offset = safetensors_length_bytes + header_.size() + begin;
    tensor_.shape.shrink_to_fit();
    tensors_.push_back(std::move(tensor_));
  }

  std::string_view header_;
  std::span<const std::byte> data_;
  std::string_view file_;
  std::size_t taken_ = 0;  ///< Bytes of the header that the parser has read.
  std::vector<SafetensorsTensor> tensors_;
  Place place_ = Place::outside;
  bool is_metadata_ = false, had_metadata_ = false;
  std::set<std::string> metadata_names_;
  SafetensorsTensor tensor_;  ///< The one being read.
  std::vector<std::uint64_t> offsets_;
  std::array<bool, 3> seen_{};  ///< Its dtype, shape and data_offsets.
  std::string key_;
};

}  // namespace detail

}  // namespace quantlens::inline QUANTLENS_ABI
