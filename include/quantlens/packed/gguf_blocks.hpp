/// Decodes the block types of GGUF: to floats, and to packed matrices on the file's own codes.
///
/// A block of the plain types holds 32 weights: an f16 scale, for the "_1" types an f16 minimum, for the 5-bit types a
/// word of high bits, and the codes. Values are scale * (code - centre) or scale * code + minimum.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "quantlens/packed/gguf_coding.hpp"
#include "quantlens/packed/gguf_k_blocks.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Shapes: block has block_bytes(Type) bytes.
template <GgmlType Type>
requires(!is_k_type(Type)) [[nodiscard]] GgufBlock<Type> read_gguf_block(const std::byte* block) {
  using Coding = GgufCoding<Type>;
  GgufBlock<Type> result;
  result.scales[0] = read_half(block);
  block += 2;
  if constexpr (Coding::layout::has_offset) {
    result.offsets[0] = read_half(block);
    block += 2;
  }
  if constexpr (Coding::bits == 8) {
    // Signed codes on file; adding 128 makes them unsigned, centred like every symmetric layout.
    for (std::size_t i = 0; i < result.size; ++i)
      result.codes[i] = static_cast<std::uint8_t>(std::to_integer<unsigned>(block[i]) ^ 0x80u);
  } else {
    std::uint32_t high = 0;
    if constexpr (Coding::bits == 5) {
      high = read_little_endian<std::uint32_t>(block);
      block += 4;
    }
    for (std::size_t i = 0; i < result.size / 2; ++i) {
      const auto byte = std::to_integer<unsigned>(block[i]);
      result.codes[i] = static_cast<std::uint8_t>((byte & 15u) | ((high >> i) & 1u) << 4);
      result.codes[i + 16] = static_cast<std::uint8_t>((byte >> 4) | ((high >> (i + 16)) & 1u) << 4);
    }
  }
  return result;
}

/// Calls `f.template operator()<Type>()` for a quantized GGUF type; true where `type` is one.
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
    case GgmlType::q2_k:
      f.template operator()<GgmlType::q2_k>();
      return true;
    case GgmlType::q3_k:
      f.template operator()<GgmlType::q3_k>();
      return true;
    case GgmlType::q4_k:
      f.template operator()<GgmlType::q4_k>();
      return true;
    case GgmlType::q5_k:
      f.template operator()<GgmlType::q5_k>();
      return true;
    case GgmlType::q6_k:
      f.template operator()<GgmlType::q6_k>();
      return true;
    default:
      return false;
  }
}

/// Decodes one stored row to floats. Shapes: row has out.size() elements, a multiple of the type's block.
inline void decode_row(GgmlType type, const std::byte* row, std::span<float> out) {
  const bool quantized = visit_gguf_type(type, [&]<GgmlType Type>() {
    for (std::size_t at = 0; at < out.size(); at += GgufBlock<Type>::size, row += block_bytes(Type)) {
      const auto block = read_gguf_block<Type>(row);
      for (std::size_t i = 0; i < block.size; ++i) out[at + i] = block.value(i);
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

/// A file's own codes as a packed matrix. `row(r)` gives the stored bytes of row r. Shapes: [rows, cols].
/// Precondition: the type is quantized.
[[nodiscard]] inline PackedMatrix packed_from_gguf(GgmlType type, std::size_t rows, std::size_t cols,
                                                   const std::function<const std::byte*(std::size_t)>& row) {
  std::optional<PackedMatrix> matrix;
  std::vector<std::uint8_t> codes(cols);
  visit_gguf_type(type, [&]<GgmlType Type>() {
    using Coding = GgufCoding<Type>;
    using Block = GgufBlock<Type>;
    matrix = pack<typename Coding::layout, Coding::bits>(rows, cols, Coding::group_size, Block::group_bits);
    for (std::size_t r = 0; r < rows; ++r) {
      const std::byte* bytes = row(r);
      for (std::size_t b = 0; b < cols / Block::size; ++b) {
        const Block block = read_gguf_block<Type>(bytes + b * block_bytes(Type));
        std::copy(block.codes.begin(), block.codes.end(), codes.begin() + static_cast<std::ptrdiff_t>(b * Block::size));
        for (std::size_t g = 0; g < Block::n_groups; ++g) {
          matrix->scale(r, b * Block::n_groups + g) = block.scales[g];
          if (matrix->has_offset()) matrix->offset(r, b * Block::n_groups + g) = block.offsets[g];
        }
      }
      matrix->set_row_codes(r, codes);
    }
  });
  return std::move(matrix).value();
}

}  // namespace quantlens::inline QUANTLENS_ABI
