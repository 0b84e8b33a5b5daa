/// The tiny encoders of tests/data/encoders and what transformers and sentence_transformers compute for them.
#pragma once

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/safetensors.hpp"

namespace quantlens::test {

inline std::filesystem::path encoder_folder(const std::string& name) {
  return std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/encoders" / name;
}

inline nlohmann::json expected_of(const std::string& name) {
  return read_json_file(encoder_folder(name) / "expected.json");
}

/// The values of a stored tensor of floats.
inline std::vector<float> floats_of(const SafetensorsFile& file, const std::string& name) {
  const auto bytes = file.find(name)->data;
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// A copy of an encoder's folder with another config.json.
inline std::filesystem::path with_config(const TempFolder& folder, const std::string& name,
                                         const std::function<void(nlohmann::json&)>& edit) {
  const std::filesystem::path copy = folder.path() / name;
  std::filesystem::copy(encoder_folder(name), copy,
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  nlohmann::json config = read_json_file(copy / "config.json");
  edit(config);
  std::ofstream(copy / "config.json") << config.dump();
  return copy;
}

}  // namespace quantlens::test
