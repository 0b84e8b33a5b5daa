/// The checkpoints under tests/data/checkpoints, whole or with one thing about them changed.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "quantlens/checkpoints/load.hpp"
#include "quantlens/io/json.hpp"

namespace quantlens::test {

inline const std::filesystem::path checkpoints = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/checkpoints";

/// A copy of one, with what `edit` does to its config.json.
template <class Edit>
std::filesystem::path edited_checkpoint(const TempFolder& folder, const std::string& name, Edit&& edit) {
  const std::filesystem::path copy = folder.path() / name;
  std::filesystem::copy(checkpoints / name, copy);
  nlohmann::json config = read_json_file(copy / "config.json");
  edit(config);
  folder.write(name + "/config.json", config.dump());
  return copy;
}

/// The matrices of all blocks.
inline std::vector<WeightMatrix*> linear_matrices(ModelWeights& weights) {
  std::vector<WeightMatrix*> all;
  for (BlockWeights& block : weights.blocks)
    for (const BlockPart part : all_block_parts)
      if (block[part].rows > 0) all.push_back(&block[part]);
  return all;
}

}  // namespace quantlens::test
