/// What blocks.hpp declares, defined.
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

#include "quantlens/checkpoints/blocks.hpp"
#include "quantlens/checkpoints/modules.hpp"
#include "quantlens/checkpoints/read.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/io/atomic_file.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/io/safetensors_writer.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/assemble.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::size_t BlockStore::n_finished() const {
  std::size_t n = 0;
  while (n < config_.n_layers && std::filesystem::exists(path(n, ".json"))) ++n;
  return n;
}

QUANTLENS_INLINE std::optional<StoredBlock> BlockStore::find(std::size_t index) const {
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

QUANTLENS_INLINE void BlockStore::keep(std::size_t index, const BlockWeights& block) const {
  nlohmann::json meaning = nlohmann::json::object();
  const auto modules = detail::linear_modules(config_.record(), block);
  if (std::any_of(modules.begin(), modules.end(), [](const auto& module) { return module.second->codes; }))
    meaning["quantization_config"] = detail::quantization_config(modules, config_.tied_embeddings, format_);
  OutputTensors tensors;
  detail::add_block(tensors, config_.record(), block, index, format_, GgmlType::f32);
  write_safetensors(path(index, ".safetensors"), tensors);
  write_file_atomically(path(index, ".json"), meaning.dump(2) + "\n");
}

QUANTLENS_INLINE std::filesystem::path BlockStore::path(std::size_t index, std::string_view extension) const {
  return folder_ / concat("block-", index, extension);
}

}  // namespace quantlens::inline QUANTLENS_ABI
