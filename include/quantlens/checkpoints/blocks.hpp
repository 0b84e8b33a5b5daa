/// Finished blocks of a checkpoint that is still being made: a run that was stopped goes on behind them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "quantlens/checkpoints/write.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A block as it was kept; `storage` holds the bytes of matrices without codes.
struct StoredBlock {
  BlockWeights weights;
  std::shared_ptr<const void> storage;
};

/// Finished blocks in a folder: for each its tensors (block-7.safetensors) and what they mean (block-7.json, written
/// last). What is read back holds the same codes and values bit for bit.
class BlockStore {
 public:
  /// `folder` exists.
  BlockStore(std::filesystem::path folder, CheckpointFormat format, ModelConfig config)
      : folder_(std::move(folder)), format_(format), config_(std::move(config)) {}

  /// How many blocks are there, from the first one on.
  [[nodiscard]] std::size_t n_finished() const;

  /// None where the block is not finished. Errors: those of reading a checkpoint, for damaged files.
  [[nodiscard]] std::optional<StoredBlock> find(std::size_t index) const;

  /// Errors: Error "write"; InputError `checkpoint` for codes that the checkpoint's format cannot hold.
  void keep(std::size_t index, const BlockWeights& block) const;

 private:
  [[nodiscard]] std::filesystem::path path(std::size_t index, std::string_view extension) const;

  std::filesystem::path folder_;
  CheckpointFormat format_;
  ModelConfig config_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/checkpoints/blocks_impl.hpp"
#endif
