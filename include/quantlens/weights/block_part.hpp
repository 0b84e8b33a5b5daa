/// The matrices of a transformer block: their order, and their names.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace quantlens::inline v0_1 {

/// In the order in which a forward pass meets them.
enum class BlockPart { q, k, v, o, gate, up, down };
inline constexpr std::size_t n_block_parts = 7;

inline constexpr std::array all_block_parts{BlockPart::q,    BlockPart::k,  BlockPart::v,   BlockPart::o,
                                            BlockPart::gate, BlockPart::up, BlockPart::down};

/// One value for each part.
template <class T>
class PerPart {
 public:
  [[nodiscard]] const T& operator[](BlockPart part) const { return values_[static_cast<std::size_t>(part)]; }
  [[nodiscard]] T& operator[](BlockPart part) { return values_[static_cast<std::size_t>(part)]; }
  bool operator==(const PerPart&) const = default;

 private:
  std::array<T, n_block_parts> values_{};
};

/// Canonical, behind "blocks.3."; that of the part's bias ends in "_bias".
[[nodiscard]] constexpr std::string_view part_name(BlockPart part) {
  constexpr std::array<std::string_view, n_block_parts> names{"attn.q",   "attn.k", "attn.v",  "attn.o",
                                                              "mlp.gate", "mlp.up", "mlp.down"};
  return names[static_cast<std::size_t>(part)];
}

/// A matrix of a BlockWeights, or a layer of a TransformerBlock, as const as the block is.
template <class Block>
[[nodiscard]] auto& part_of(Block& block, BlockPart part) {
  const std::array parts{&block.q, &block.k, &block.v, &block.o, &block.gate, &block.up, &block.down};
  return *parts[static_cast<std::size_t>(part)];
}

}  // namespace quantlens::inline v0_1
