/// Finished blocks of a checkpoint that is still being made: a run that was stopped goes on behind them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/checkpoints/read.hpp"
#include "quantlens/checkpoints/write.hpp"
#include "quantlens/io/atomic_file.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/io/safetensors_writer.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/assemble.hpp"

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
  [[nodiscard]] std::size_t n_finished() const {
    std::size_t n = 0;
    while (n < config_.n_layers && std::filesystem::exists(path(n, ".json"))) ++n;
    return n;
  }

  /// None where the block is not finished. Errors: those of reading a checkpoint, for damaged files.
  [[nodiscard]] std::optional<StoredBlock> find(std::size_t index) const {
    if (!std::filesystem::exists(path(index, ".json"))) return std::nullopt;
    const auto file = std::make_shared<const SafetensorsFile>(SafetensorsFile::open(path(index, ".safetensors")));
    std::vector<HfFolder::Tensor> tensors;
    for (const SafetensorsTensor& tensor : file->tensors()) tensors.push_back({&tensor, file.get()});
    const nlohmann::json meaning =
        parse_json_strict(MappedFile::open(path(index, ".json")).text(), path(index, ".json").string());
    detail::TensorPool pool(path(index, ".safetensors").string(), hf_names, config_.record());
    detail::CheckpointReader(checkpoint_settings(meaning)).read(tensors, file->name(), config_, pool);
    StoredBlock block{detail::take_block(pool, config_, index), file};
    pool.require_all_taken(config_.n_layers);
    return block;
  }

  /// Errors: Error "write"; InputError `checkpoint` for codes that the checkpoint's format cannot hold.
  void keep(std::size_t index, const BlockWeights& block) const {
    nlohmann::json meaning = nlohmann::json::object();
    const auto modules = detail::linear_modules(config_.record(), block);
    if (std::any_of(modules.begin(), modules.end(), [](const auto& module) { return module.second->codes; }))
      meaning["quantization_config"] = detail::quantization_config(modules, config_.tied_embeddings, format_);
    OutputTensors tensors;
    detail::add_block(tensors, config_.record(), block, index, format_, GgmlType::f32);
    write_safetensors(path(index, ".safetensors"), tensors);
    write_file_atomically(path(index, ".json"), meaning.dump(2) + "\n");
  }

 private:
  [[nodiscard]] std::filesystem::path path(std::size_t index, std::string_view extension) const {
    return folder_ / concat("block-", index, extension);
  }

  std::filesystem::path folder_;
  CheckpointFormat format_;
  ModelConfig config_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
