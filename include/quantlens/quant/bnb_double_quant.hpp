/// Double quantization of bitsandbytes: the scales of 4-bit blocks as 8-bit codes of a dynamic data type.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quantlens/quant/cascade_sum.hpp"
#include "quantlens/quant/method_options.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What a format may tell NF4 and FP4.
struct Bnb4BitOptions {
  bool double_quant = false;  ///< block scales as 8-bit codes

  bool operator==(const Bnb4BitOptions&) const = default;
};

template <>
inline constexpr auto method_options<Bnb4BitOptions> = std::to_array<MethodOption<Bnb4BitOptions>>({
    {"dq", &Bnb4BitOptions::double_quant, "double_quant",
     [](const Bnb4BitOptions& o) -> SchemeValue { return o.double_quant; }},
});

/// Scales that share one nested scale.
inline constexpr std::size_t bnb_nested_block_size = 256;

/// The signed dynamic 8-bit data type, sorted: 127 negative values, zero, 128 positive ones up to 1.
/// Source: Dettmers 2015, arXiv 1511.04561; create_dynamic_map of bitsandbytes 0.50.2, whose float steps are kept.
[[nodiscard]] inline std::array<float, 256> make_bnb_dynamic_map() {
  static constexpr std::array<float, 7> decades{1e-6f, 1e-5f, 1e-4f, 1e-3f, 1e-2f, 1e-1f, 1.0f};
  std::array<float, 256> map{};
  std::size_t at = 0;
  for (std::size_t exponent = 0; exponent < decades.size(); ++exponent) {
    // Means of neighbours on an even grid from 0.1 to 1, counted from both ends as torch.linspace does.
    const std::size_t n_steps = std::size_t{1} << exponent;
    const float step = (1.0f - 0.1f) / static_cast<float>(n_steps);
    const auto boundary = [&](std::size_t i) {
      return i < (n_steps + 1) / 2 ? std::fma(step, static_cast<float>(i), 0.1f)
                                   : std::fma(-step, static_cast<float>(n_steps - i), 1.0f);
    };
    for (std::size_t i = 0; i < n_steps; ++i) {
      const float value = decades[exponent] * ((boundary(i) + boundary(i + 1)) / 2.0f);
      map[at++] = value;
      map[at++] = -value;
    }
  }
  map[at++] = 0.0f;
  map[at] = 1.0f;
  std::sort(map.begin(), map.end());
  return map;
}

[[nodiscard]] inline const std::array<float, 256>& bnb_dynamic_map() {
  static const std::array<float, 256> map = make_bnb_dynamic_map();
  return map;
}

namespace detail {

/// Codes of the dynamic map for 65,536 even steps of [-1, 1].
[[nodiscard]] inline std::vector<std::uint8_t> make_bnb_code_table() {
  const auto& map = bnb_dynamic_map();
  std::vector<std::uint8_t> table(std::size_t{1} << 16);
  std::size_t code = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const float value = 2.0f * static_cast<float>(i) / 65535.0f - 1.0f;
    while (code < 255 && value > (map[code] + map[code + 1]) * 0.5f) ++code;
    table[i] = static_cast<std::uint8_t>(code);
  }
  return table;
}

}  // namespace detail

/// The code of a value in [-1, 1]: the nearest one of the nearest of 65,536 steps. Near zero, where the data type is
/// finer than the steps, this isn't the nearest code; the package does so on the CPU, and files made there hold it.
[[nodiscard]] inline std::uint8_t bnb_dynamic_code(float value) {
  static const std::vector<std::uint8_t> table = detail::make_bnb_code_table();
  const float step = std::fma((std::clamp(value, -1.0f, 1.0f) + 1.0f) * 0.5f, 65535.0f, 0.5f);
  return table[static_cast<std::size_t>(step)];
}

/// The scales of 4-bit blocks in 8 bits: scale[i] = map[codes[i]] * nested_absmax[i / 256] + offset.
struct BnbDoubleQuant {
  std::vector<std::uint8_t> codes;   ///< one for each block
  std::vector<float> nested_absmax;  ///< one for each 256 blocks
  float offset = 0.0f;               ///< the mean of all scales; 0 where there are none

  [[nodiscard]] float scale(std::size_t block) const {
    return bnb_dynamic_map()[codes[block]] * nested_absmax[block / bnb_nested_block_size] + offset;
  }
};

/// Numerics: bit for bit what bitsandbytes 0.50.2 makes with one thread on an AVX2 processor; elsewhere its own mean,
/// and so all that follows, may differ in the last bits (cascade_sum.hpp).
/// Source: Dettmers et al. 2023, arXiv 2305.14314, section 3; quantize_4bit of bitsandbytes 0.50.2.
[[nodiscard]] inline BnbDoubleQuant bnb_double_quantize(std::span<const float> scales) {
  BnbDoubleQuant result;
  if (scales.empty()) return result;
  result.offset = cascade_mean(scales);
  result.codes.resize(scales.size());
  for (std::size_t first = 0; first < scales.size(); first += bnb_nested_block_size) {
    const auto block = scales.subspan(first, std::min(bnb_nested_block_size, scales.size() - first));
    float absmax = 0.0f;
    for (const float scale : block) absmax = std::max(absmax, std::fabs(scale - result.offset));
    result.nested_absmax.push_back(absmax);
    if (absmax == 0.0f) continue;  // codes of 0, which times 0 are 0
    const float inverse = 1.0f / absmax;
    for (std::size_t i = 0; i < block.size(); ++i)
      result.codes[first + i] = bnb_dynamic_code((block[i] - result.offset) * inverse);
  }
  return result;
}

}  // namespace quantlens::inline QUANTLENS_ABI
