/// What a transformer block is made of: its matrices and its norms, their order and their names.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The matrices, in the order in which a forward pass meets them. An architecture may lack some.
enum class BlockPart { q, k, v, o, gate, up, down };
inline constexpr std::size_t n_block_parts = 7;

inline constexpr std::array all_block_parts{BlockPart::q,    BlockPart::k,  BlockPart::v,   BlockPart::o,
                                            BlockPart::gate, BlockPart::up, BlockPart::down};

/// The weights of norms: before attention and MLP, on queries and keys, and behind attention and MLP.
enum class BlockNorm { attn, q, k, attn_post, mlp, mlp_post };
inline constexpr std::size_t n_block_norms = 6;

inline constexpr std::array all_block_norms{BlockNorm::attn,      BlockNorm::q,   BlockNorm::k,
                                            BlockNorm::attn_post, BlockNorm::mlp, BlockNorm::mlp_post};

/// One value for each enumerator.
template <class Enum, class T, std::size_t N>
class PerEnum {
 public:
  [[nodiscard]] const T& operator[](Enum which) const { return values_[static_cast<std::size_t>(which)]; }
  [[nodiscard]] T& operator[](Enum which) { return values_[static_cast<std::size_t>(which)]; }
  bool operator==(const PerEnum&) const = default;

 private:
  std::array<T, N> values_{};
};
template <class T>
using PerPart = PerEnum<BlockPart, T, n_block_parts>;
template <class T>
using PerNorm = PerEnum<BlockNorm, T, n_block_norms>;

/// Canonical, behind "blocks.3."; that of the part's bias ends in "_bias".
[[nodiscard]] constexpr std::string_view part_name(BlockPart part) {
  constexpr std::array<std::string_view, n_block_parts> names{"attn.q",   "attn.k", "attn.v",  "attn.o",
                                                              "mlp.gate", "mlp.up", "mlp.down"};
  return names[static_cast<std::size_t>(part)];
}
[[nodiscard]] constexpr std::string_view norm_name(BlockNorm norm) {
  constexpr std::array<std::string_view, n_block_norms> names{"attn_norm",      "attn.q_norm", "attn.k_norm",
                                                              "attn_post_norm", "mlp_norm",    "mlp_post_norm"};
  return names[static_cast<std::size_t>(norm)];
}

}  // namespace quantlens::inline QUANTLENS_ABI
