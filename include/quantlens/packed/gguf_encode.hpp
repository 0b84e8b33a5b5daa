/// Encodes rows of floats as GGUF blocks, and packed matrices as the blocks that hold exactly their codes.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/half.hpp"
#include "quantlens/packed/gguf_blocks.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Weights in a block of every type that is written.
inline constexpr std::size_t gguf_block_size = 32;

/// Whether encode_row can write a type.
[[nodiscard]] constexpr bool is_encodable(GgmlType type) {
  switch (type) {
    case GgmlType::f32:
    case GgmlType::f16:
    case GgmlType::bf16:
    case GgmlType::q4_0:
    case GgmlType::q4_1:
    case GgmlType::q8_0:
      return true;
    default:
      return false;
  }
}

namespace detail {

inline void put_half(std::byte* to, float value) {
  const std::uint16_t bits = to_half(value).bits;
  std::memcpy(to, &bits, sizeof bits);
}

/// The codes of one block behind its scale (and minimum): nibbles of elements 0-15 low, 16-31 high; or signed bytes.
inline void put_block_codes(std::byte* to, std::span<const std::uint8_t> codes, int bits) {
  if (bits == 8) {
    for (std::size_t i = 0; i < gguf_block_size; ++i) to[i] = static_cast<std::byte>(codes[i] ^ 0x80u);
    return;
  }
  for (std::size_t i = 0; i < gguf_block_size / 2; ++i) to[i] = static_cast<std::byte>(codes[i] | (codes[i + 16] << 4));
}

/// Codes are chosen with the scale before it is rounded to f16, as ggml does.
inline void encode_block(GgmlType type, std::span<const float> x, std::byte* to) {
  std::array<std::uint8_t, gguf_block_size> codes;
  const auto nibble = [](float v) { return static_cast<std::uint8_t>(std::min(15, static_cast<int>(v))); };
  if (type == GgmlType::q4_0) {
    float largest = 0.0f;  // of the largest magnitude, with its sign
    for (const float v : x)
      if (std::fabs(v) > std::fabs(largest)) largest = v;
    const float scale = largest / -8.0f;
    const float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
    for (std::size_t i = 0; i < x.size(); ++i) codes[i] = nibble(x[i] * inverse + 8.5f);
    put_half(to, scale);
    put_block_codes(to + 2, codes, 4);
  } else if (type == GgmlType::q4_1) {
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    const float scale = (*high - *low) / 15.0f;
    const float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
    for (std::size_t i = 0; i < x.size(); ++i) codes[i] = nibble((x[i] - *low) * inverse + 0.5f);
    put_half(to, scale);
    put_half(to + 2, *low);
    put_block_codes(to + 4, codes, 4);
  } else {
    float largest = 0.0f;
    for (const float v : x) largest = std::max(largest, std::fabs(v));
    const float scale = largest / 127.0f;
    const float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
    // std::round: half away from zero, as roundf.
    for (std::size_t i = 0; i < x.size(); ++i)
      codes[i] = static_cast<std::uint8_t>(static_cast<int>(std::round(x[i] * inverse)) + 128);
    put_half(to, scale);
    put_block_codes(to + 2, codes, 8);
  }
}

}  // namespace detail

/// Encodes one row without an importance matrix. Shapes: row has n elements, whole blocks of the type; out has
/// n / block_elements(type) * block_bytes(type) bytes. Values must be finite.
/// Source: ggml-quants.c, quantize_row_q4_0_ref, quantize_row_q4_1_ref, quantize_row_q8_0_ref.
inline void encode_row(GgmlType type, std::span<const float> row, std::span<std::byte> out) {
  if (is_quantized(type)) {
    for (std::size_t at = 0; at < row.size(); at += gguf_block_size)
      detail::encode_block(type, row.subspan(at, gguf_block_size),
                           out.data() + at / gguf_block_size * block_bytes(type));
    return;
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (type == GgmlType::f32) {
      std::memcpy(out.data() + 4 * i, &row[i], 4);
    } else {
      const std::uint16_t bits = type == GgmlType::f16 ? to_half(row[i]).bits : to_bfloat16(row[i]).bits;
      std::memcpy(out.data() + 2 * i, &bits, 2);
    }
  }
}

/// The GGUF type whose blocks hold a matrix's own codes: Q4_0, Q4_1 or Q8_0.
/// Errors: InputError `gguf` saying why there is none: another layout or width, groups that are no multiple of 32,
/// inputs in another order, or a scale or offset that an f16 does not hold.
[[nodiscard]] inline GgmlType gguf_type_of_codes(const PackedMatrix& matrix) {
  const bool affine = matrix.has_offset(), bytes = matrix.bits() == 8;
  if (matrix.has_codebook() || (matrix.bits() != 4 && (!bytes || affine)))
    throw InputError("gguf", concat("no GGUF type holds ", matrix.layout_info().name, " codes of ", matrix.bits(),
                                    " bits; Q4_0 is symmetric, Q4_1 affine with 4 bits, Q8_0 symmetric with 8"));
  if (matrix.group_size() % gguf_block_size != 0)
    throw InputError("gguf", concat("groups of ", matrix.group_size(), " are no whole GGUF blocks of 32"));
  if (!matrix.input_order().empty())
    throw InputError("gguf", "its columns are in another order (act-order), which GGUF cannot say");
  const auto require_half = [](std::string_view what, std::size_t row, std::size_t group, float value) {
    if (round_to_half(value) != value)
      throw InputError("gguf", concat("the ", what, " of row ", row, ", group ", group, ", ", value,
                                      ", is no f16; GGUF would round it"));
  };
  for (std::size_t r = 0; r < matrix.rows(); ++r)
    for (std::size_t g = 0; g < matrix.n_groups(); ++g) {
      require_half("scale", r, g, matrix.scale(r, g));
      if (affine) require_half("offset", r, g, matrix.offset(r, g));
    }
  return bytes ? GgmlType::q8_0 : affine ? GgmlType::q4_1 : GgmlType::q4_0;
}

/// One row of a matrix as blocks of gguf_type_of_codes(matrix).
inline void encode_codes(const PackedMatrix& matrix, std::size_t row, std::span<std::byte> out) {
  const std::size_t header = matrix.has_offset() ? 4 : 2;
  const std::size_t bytes = header + gguf_block_size * static_cast<std::size_t>(matrix.bits()) / 8;
  std::vector<std::uint8_t> codes(matrix.cols());
  matrix.row_codes(row, codes);
  for (std::size_t at = 0; at < matrix.cols(); at += gguf_block_size) {
    std::byte* block = out.data() + at / gguf_block_size * bytes;
    detail::put_half(block, matrix.scale(row, at / matrix.group_size()));
    if (matrix.has_offset()) detail::put_half(block + 2, matrix.offset(row, at / matrix.group_size()));
    detail::put_block_codes(block + header, std::span(codes).subspan(at, gguf_block_size), matrix.bits());
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
