/// Decodes the block types of GGUF: to floats, and to packed matrices on the file's own codes.
///
/// A block holds 32 weights: an f16 scale, for the "_1" types an f16 minimum, for the 5-bit types a word of high bits,
/// and the codes. Values are scale * (code - centre) or scale * code + minimum.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "quantlens/core/half.hpp"
#include "quantlens/io/ggml_type.hpp"
#include "quantlens/packed/packed_matrix.hpp"

namespace quantlens::inline v0_1 {

inline constexpr std::size_t gguf_block_size = 32;

/// One block, taken apart. `offset` is unused by symmetric types.
struct GgufBlock {
  std::array<std::uint8_t, gguf_block_size> codes;
  float scale = 0.0f;
  float offset = 0.0f;
};

/// How a GGUF type maps onto a layout and a bit width.
template <GgmlType Type>
struct GgufCoding;
template <>
struct GgufCoding<GgmlType::q4_0> {
  using layout = Symmetric;
  static constexpr int bits = 4;
};
template <>
struct GgufCoding<GgmlType::q4_1> {
  using layout = Affine;
  static constexpr int bits = 4;
};
template <>
struct GgufCoding<GgmlType::q5_0> {
  using layout = Symmetric;
  static constexpr int bits = 5;
};
template <>
struct GgufCoding<GgmlType::q5_1> {
  using layout = Affine;
  static constexpr int bits = 5;
};
template <>
struct GgufCoding<GgmlType::q8_0> {
  using layout = Symmetric;
  static constexpr int bits = 8;
};

/// Reads a little-endian T (this library runs on little-endian machines only).
template <class T>
[[nodiscard]] inline T read_little_endian(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Shapes: block has block_bytes(Type) bytes.
template <GgmlType Type>
[[nodiscard]] GgufBlock read_gguf_block(const std::byte* block) {
  using Coding = GgufCoding<Type>;
  GgufBlock result;
  result.scale = to_float(Half{read_little_endian<std::uint16_t>(block)});
  block += 2;
  if constexpr (Coding::layout::has_offset) {
    result.offset = to_float(Half{read_little_endian<std::uint16_t>(block)});
    block += 2;
  }
  if constexpr (Coding::bits == 8) {
    // Signed codes on file; adding 128 makes them unsigned, centred like every symmetric layout.
    for (std::size_t i = 0; i < gguf_block_size; ++i)
      result.codes[i] = static_cast<std::uint8_t>(std::to_integer<unsigned>(block[i]) ^ 0x80u);
  } else {
    std::uint32_t high = 0;
    if constexpr (Coding::bits == 5) {
      high = read_little_endian<std::uint32_t>(block);
      block += 4;
    }
    for (std::size_t i = 0; i < gguf_block_size / 2; ++i) {
      const auto byte = std::to_integer<unsigned>(block[i]);
      result.codes[i] = static_cast<std::uint8_t>((byte & 15u) | ((high >> i) & 1u) << 4);
      result.codes[i + 16] = static_cast<std::uint8_t>((byte >> 4) | ((high >> (i + 16)) & 1u) << 4);
    }
  }
  return result;
}

/// Calls f.template operator()<Type>() for a quantized GGUF type; true where `type` is one.
template <class F>
bool visit_gguf_type(GgmlType type, F&& f) {
  switch (type) {
    case GgmlType::q4_0:
      f.template operator()<GgmlType::q4_0>();
      return true;
    case GgmlType::q4_1:
      f.template operator()<GgmlType::q4_1>();
      return true;
    case GgmlType::q5_0:
      f.template operator()<GgmlType::q5_0>();
      return true;
    case GgmlType::q5_1:
      f.template operator()<GgmlType::q5_1>();
      return true;
    case GgmlType::q8_0:
      f.template operator()<GgmlType::q8_0>();
      return true;
    default:
      return false;
  }
}

/// Decodes one stored row to floats. Shapes: row has out.size() elements, a multiple of the type's block.
inline void decode_row(GgmlType type, const std::byte* row, std::span<float> out) {
  const bool quantized = visit_gguf_type(type, [&]<GgmlType Type>() {
    using Coding = GgufCoding<Type>;
    for (std::size_t at = 0; at < out.size(); at += gguf_block_size, row += block_bytes(Type)) {
      const GgufBlock block = read_gguf_block<Type>(row);
      for (std::size_t i = 0; i < gguf_block_size; ++i) {
        if constexpr (Coding::layout::has_offset)
          out[at + i] = block.scale * static_cast<float>(block.codes[i]) + block.offset;
        else
          out[at + i] = block.scale * static_cast<float>(block.codes[i] - code_centre(Coding::bits));
      }
    }
  });
  if (quantized) return;
  for (std::size_t i = 0; i < out.size(); ++i) {
    switch (type) {
      case GgmlType::f16:
        out[i] = to_float(Half{read_little_endian<std::uint16_t>(row + 2 * i)});
        break;
      case GgmlType::bf16:
        out[i] = to_float(BFloat16{read_little_endian<std::uint16_t>(row + 2 * i)});
        break;
      default:
        out[i] = read_little_endian<float>(row + 4 * i);
    }
  }
}

/// The file's own codes as a packed matrix. `row(r)` gives the stored bytes of row r. Shapes: [rows, cols].
template <GgmlType Type, class RowBytes>
[[nodiscard]] auto packed_from_gguf(std::size_t rows, std::size_t cols, RowBytes&& row) {
  using Coding = GgufCoding<Type>;
  PackedMatrix<typename Coding::layout, Coding::bits> matrix(rows, cols, gguf_block_size);
  std::vector<std::uint8_t> codes(cols);
  for (std::size_t r = 0; r < rows; ++r) {
    const std::byte* bytes = row(r);
    for (std::size_t group = 0; group < cols / gguf_block_size; ++group) {
      const GgufBlock block = read_gguf_block<Type>(bytes + group * block_bytes(Type));
      std::memcpy(codes.data() + group * gguf_block_size, block.codes.data(), gguf_block_size);
      matrix.scale(r, group) = block.scale;
      if constexpr (Coding::layout::has_offset) matrix.offset(r, group) = block.offset;
    }
    matrix.set_row_codes(r, codes);
  }
  return matrix;
}

}  // namespace quantlens::inline v0_1
