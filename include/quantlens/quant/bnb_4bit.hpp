/// NF4 and FP4 of bitsandbytes: 4-bit codes of a fixed codebook, one scale for each block of the flattened matrix.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/quant/bnb_double_quant.hpp"
#include "quantlens/quant/check_weights.hpp"
#include "quantlens/quant/quantizer.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A matrix as bitsandbytes stores it. Blocks run over the flattened matrix and may straddle rows.
template <CodebookLayout L>
struct Bnb4BitBlocks {
  std::size_t rows = 0, cols = 0;
  std::size_t block_size = 64;
  std::vector<std::uint8_t> packed;            ///< two codes a byte, the first in the high half
  std::vector<float> absmax;                   ///< one for each block; empty with double quantization
  std::optional<BnbDoubleQuant> double_quant;  ///< takes the place of absmax

  [[nodiscard]] std::uint8_t code(std::size_t i) const {
    return static_cast<std::uint8_t>(i % 2 == 0 ? packed[i / 2] >> 4 : packed[i / 2] & 15);
  }
  [[nodiscard]] float scale(std::size_t block) const {
    return double_quant ? double_quant->scale(block) : absmax[block];
  }
  /// What a file spends on scales. Units: bits per block.
  [[nodiscard]] double block_bits() const noexcept {
    return double_quant ? 8.0 + 32.0 / static_cast<double>(bnb_nested_block_size) : 32.0;
  }
};

namespace detail {

/// Codes in the order of what they stand for. FP4 has two zeros; the package sorts the positive one first.
template <CodebookLayout L>
inline constexpr std::array<std::uint8_t, 16> sorted_codes = [] {
  std::array<std::uint8_t, 16> order{};
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::size_t at = i;
    for (; at > 0 && L::codebook[order[at - 1]] > L::codebook[i]; --at) order[at] = order[at - 1];
    order[at] = static_cast<std::uint8_t>(i);
  }
  return order;
}();

/// Halfway between neighbours of the sorted codebook, in float.
template <CodebookLayout L>
inline constexpr std::array<float, 15> code_bounds = [] {
  std::array<float, 15> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i)
    bounds[i] = (L::codebook[sorted_codes<L>[i]] + L::codebook[sorted_codes<L>[i + 1]]) / 2.0f;
  return bounds;
}();

inline void check_bnb_block_size(std::size_t block_size) {
  if (block_size < 32 || block_size > 4096 || !std::has_single_bit(block_size))
    throw InputError("block_size",
                     concat("expected a block of 32, 64, 128, 256, 512, 1024, 2048 or 4096 weights, got ", block_size));
}

}  // namespace detail

/// The code nearest to a value in [-1, 1]; halfway between two, the lower one.
template <CodebookLayout L>
[[nodiscard]] std::uint8_t bnb_4bit_code(float value) {
  std::size_t at = 0;
  for (const float bound : detail::code_bounds<L>) at += value > bound ? 1 : 0;
  return detail::sorted_codes<L>[at];
}

/// Numerics: bytes and scales are those of the package's CPU path.
/// Errors: InputError "block_size" for a block that isn't a power of two from 32 to 4096, "not_finite" for a weight
/// that is not finite, "shape" for rows without columns.
/// Source: Dettmers et al. 2023, arXiv 2305.14314; quantize_4bit of bitsandbytes 0.50.2.
template <CodebookLayout L>
[[nodiscard]] Bnb4BitBlocks<L> bnb_4bit_quantize(MatrixView<const float> weights, std::size_t block_size = 64,
                                                 bool double_quant = false) {
  static constexpr float smallest_divisor = 1e-38f;
  detail::check_bnb_block_size(block_size);
  check_weights(weights, L::name);

  Bnb4BitBlocks<L> result{weights.rows, weights.cols, block_size, {}, {}, {}};
  const std::size_t n = weights.rows * weights.cols;
  result.packed.resize((n + 1) / 2);
  std::vector<float> block(block_size);
  for (std::size_t first = 0; first < n; first += block_size) {
    InterruptGuard::check();
    block.resize(std::min(block_size, n - first));
    float absmax = 0.0f;
    for (std::size_t i = 0; i < block.size(); ++i) {
      block[i] = weights((first + i) / weights.cols, (first + i) % weights.cols);
      absmax = std::max(absmax, std::fabs(block[i]));
    }
    // A full block multiplies by the inverse; what is left over at the end divides, and keeps the smallest divisor.
    const float divisor = std::max(absmax, smallest_divisor);
    const float inverse = 1.0f / divisor;
    const bool full = block.size() == block_size;
    result.absmax.push_back(full ? absmax : divisor);
    for (std::size_t i = 0; i < block.size(); ++i) {
      const float value = std::clamp(full ? block[i] * inverse : block[i] / divisor, -1.0f, 1.0f);
      const std::uint8_t code = bnb_4bit_code<L>(value);
      result.packed[(first + i) / 2] |= static_cast<std::uint8_t>((first + i) % 2 == 0 ? code << 4 : code);
    }
  }
  if (n % 2 != 0) result.packed.back() |= bnb_4bit_code<L>(0.0f);
  if (double_quant) {
    result.double_quant = bnb_double_quantize(result.absmax);
    result.absmax.clear();
  }
  return result;
}

/// What the package decodes, in f32. Shapes: the result is [rows, cols].
template <CodebookLayout L>
[[nodiscard]] std::vector<float> bnb_4bit_decode(const Bnb4BitBlocks<L>& blocks) {
  std::vector<float> values(blocks.rows * blocks.cols);
  for (std::size_t first = 0; first < values.size(); first += blocks.block_size) {
    const float scale = blocks.scale(first / blocks.block_size);
    const std::size_t end = std::min(values.size(), first + blocks.block_size);
    for (std::size_t i = first; i < end; ++i) values[i] = L::codebook[blocks.code(i)] * scale;
  }
  return values;
}

/// The same values for kernels, or nothing where blocks cross rows in steps that no group of a packed matrix can follow
/// (cols and block have no common multiple of 32): then decode. Groups are as large as rows and blocks allow, and a
/// scale is repeated for each; bits per weight stay those of the blocks.
template <CodebookLayout L>
[[nodiscard]] std::optional<PackedMatrix> bnb_4bit_packed(const Bnb4BitBlocks<L>& blocks) {
  const std::size_t group = std::gcd(blocks.cols, blocks.block_size);
  if (group % run_length != 0 && group != blocks.cols) return std::nullopt;
  const double group_bits = blocks.block_bits() * static_cast<double>(group) / static_cast<double>(blocks.block_size);
  PackedMatrix packed = pack<L, 4>(blocks.rows, blocks.cols, group, group_bits);
  std::vector<std::uint8_t> codes(blocks.cols);
  for (std::size_t row = 0; row < blocks.rows; ++row) {
    const std::size_t first = row * blocks.cols;
    for (std::size_t c = 0; c < blocks.cols; ++c) codes[c] = blocks.code(first + c);
    for (std::size_t g = 0; g < packed.n_groups(); ++g)
      packed.scale(row, g) = blocks.scale((first + g * group) / blocks.block_size);
    packed.set_row_codes(row, codes);
  }
  return packed;
}

/// Errors: those of bnb_4bit_quantize, and InputError "group_size" where bnb_4bit_packed has nothing.
template <CodebookLayout L>
struct Bnb4Bit {
  using layout = L;
  static constexpr std::string_view name = "bnb";
  static constexpr int bits = 4;

  std::size_t block_size = 64;
  bool double_quant = false;

  [[nodiscard]] PackedMatrix quantize(MatrixView<const float> weights) const {
    auto packed = bnb_4bit_packed(bnb_4bit_quantize<L>(weights, block_size, double_quant));
    if (!packed)
      throw InputError("group_size",
                       concat(L::name, ": blocks of ", block_size, " weights cross rows of ", weights.cols,
                              " inputs, which have no multiple of 32 in common; take the weights that "
                              "bnb_4bit_decode gives"));
    return std::move(*packed);
  }
};

static_assert(Quantizer<Bnb4Bit<Nf4>> && Quantizer<Bnb4Bit<Fp4>>);

}  // namespace quantlens::inline QUANTLENS_ABI
