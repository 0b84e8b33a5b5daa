/// Undoes fold_run of packed/streamed.hpp in registers: lines of packed codes back to quads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "quantlens/isa/instructions.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Quad Q (0..7) of the run whose lines begin at `lines`: 64 codes, four inputs of each of sixteen outputs.
template <class Isa, int Bits, int Q>
QUANTLENS_ALWAYS_INLINE Codes64<Isa> decode_quad(const std::uint8_t* lines) {
  using Codes = Codes64<Isa>;
  const auto line = [lines](int n) { return Codes::load(lines + static_cast<std::size_t>(n) * line_bytes); };
  if constexpr (Bits == 8) {
    return line(Q);
  } else if constexpr (Bits >= 4) {
    const Codes nibbles = line(Q % 4).template field<(Q < 4 ? 0 : 4), 15>();
    if constexpr (Bits == 5)
      return nibbles | line(4).template field<Q, 1, 4>();
    else if constexpr (Bits == 6)
      return nibbles | line(4 + Q % 2).template field<2 * (Q / 2), 3, 4>();
    else
      return nibbles;
  } else {
    const Codes pairs = line(Q % 2).template field<2 * (Q / 2), 3>();
    if constexpr (Bits == 3)
      return pairs | line(2).template field<Q, 1, 2>();
    else
      return pairs;
  }
}

/// Calls f.template operator()<0>() ... <N - 1>().
template <int N, class F>
QUANTLENS_ALWAYS_INLINE void unrolled(F&& f) {
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) { (f.template operator()<I>(), ...); }
  (std::make_integer_sequence<int, N>{});
}

/// A layout's codebook, once for each ISA: units compiled with different flags share no symbol.
template <class Isa, CodebookLayout L>
inline constexpr auto codebook_of = L::codebook;

/// Decodes one run to floats. Shapes: scales and offsets [groups_per_run][16]; out [32 inputs][16 outputs].
template <class Isa, class Layout, int Bits>
QUANTLENS_ALWAYS_INLINE void decode_run(const std::uint8_t* lines, const float* scales, const float* offsets,
                                        float* out) {
  using F32 = F32x16<Isa>;
  const auto value = [&]<int Group, int J>(const Codes64<Isa>& quad) __attribute__((always_inline)) {
    const F32 scale = F32::load(scales + Group * tile_width);
    if constexpr (CodebookLayout<Layout>) {
      constexpr const float* codebook = codebook_of<Isa, Layout>.data();
      return scale * quad.template lookup<J>(Table16<Isa>::load(codebook));
    } else if constexpr (Layout::has_offset) {
      return scale * quad.template lane<J>() + F32::load(offsets + Group * tile_width);
    } else {
      return scale * (quad.template lane<J>() + F32::broadcast(-static_cast<float>(code_centre(Bits))));
    }
  };
  unrolled<8>([&]<int Q>() __attribute__((always_inline)) {
    const Codes64<Isa> quad = decode_quad<Isa, Bits, Q>(lines);
    constexpr int group = Q * static_cast<int>(Layout::groups_per_run) / 8;
    unrolled<4>([&]<int J>() __attribute__((always_inline)) {
      value.template operator()<group, J>(quad).store(out + (4 * Q + J) * tile_width);
    });
  });
}

}  // namespace quantlens::inline QUANTLENS_ABI
