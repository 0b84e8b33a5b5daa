/// What the writers of checkpoints share: tensors from functions, integer zero points, scales.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/half.hpp"
#include "quantlens/io/safetensors_writer.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

using OutputTensors = std::vector<OutputTensor>;

/// A tensor whose elements are made, as a vector, when they are written.
template <class MakeElements>
[[nodiscard]] OutputTensor made_tensor(std::string name, std::string dtype, std::vector<std::uint64_t> shape,
                                       MakeElements make) {
  return {std::move(name), std::move(dtype), std::move(shape), [make = std::move(make)](const ByteSink& sink) {
            const auto elements = make();
            sink(std::as_bytes(std::span(elements)));
          }};
}

namespace detail {

template <class... Parts>
[[noreturn]] void refuse_codes(std::string_view name, std::string_view format, const Parts&... why) {
  throw InputError("checkpoint", concat(name, " does not fit the ", format, " format: ", why...));
}

/// The integer zero point z of a group, with value = scale * (code - z).
/// Errors: InputError `checkpoint` where the offset is not exactly -scale * z for a z that is a code.
[[nodiscard]] inline std::uint8_t zero_point(const PackedMatrix& matrix, std::size_t row, std::size_t group,
                                             std::string_view name, std::string_view format) {
  if (!matrix.has_offset()) return static_cast<std::uint8_t>(code_centre(matrix.bits()));
  const int largest_code = (1 << matrix.bits()) - 1;
  const float scale = matrix.scale(row, group), offset = matrix.offset(row, group);
  const float zero = scale != 0.0f ? std::rint(-offset / scale) : 0.0f;
  if (!(zero >= 0.0f && zero <= static_cast<float>(largest_code)) || -scale * zero != offset)
    refuse_codes(name, format, "row ", row, ", group ", group, ": offset ", offset, " is not -scale (", scale,
                 ") times a zero point from 0 to ", largest_code);
  return static_cast<std::uint8_t>(zero);
}

/// The scale as f16. Errors: InputError `checkpoint` where that would round it.
[[nodiscard]] inline std::uint16_t half_scale(const PackedMatrix& matrix, std::size_t row, std::size_t group,
                                              std::string_view name, std::string_view format) {
  const Half half = to_half(matrix.scale(row, group));
  if (to_float(half) != matrix.scale(row, group))
    refuse_codes(name, format, "row ", row, ", group ", group, ": scale ", matrix.scale(row, group),
                 " is no f16, which the format stores; round scales before choosing codes");
  return half.bits;
}

/// Errors: InputError `checkpoint` unless the codes are integers, value = scale * (code - zero).
inline void require_integer_codes(const PackedMatrix& codes, std::string_view name, std::string_view format) {
  if (codes.has_codebook()) refuse_codes(name, format, "it holds ", codes.layout_info().name, " codes");
}

}  // namespace detail

}  // namespace quantlens::inline QUANTLENS_ABI
