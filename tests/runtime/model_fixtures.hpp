/// The tiny models of tests/data/models and what transformers computes for them.
#pragma once

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quantlens/checkpoints/load.hpp"
#include "quantlens/convert/quantize_model.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/kernels/dispatch.hpp"

namespace quantlens::test {

inline std::filesystem::path models_folder() {
  return std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests" / "data" / "models";
}

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream in(path);
  return nlohmann::json::parse(in);
}

inline std::vector<float> read_floats(const SafetensorsFile& file, const std::string& name) {
  const auto bytes = file.find(name)->data;
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

inline Transformer build(const ModelFile& file, const std::string& format) {
  return build_transformer(file.weights, parse_format(format), active_kernels(), {.threads = 1});
}

/// All logits of one sequence, computed in one pass. Shape [tokens.size(), vocab_size].
inline std::vector<float> all_logits(const Transformer& model, const std::vector<TokenId>& tokens) {
  const std::size_t vocab = model.config.vocab_size;
  std::vector<float> logits(tokens.size() * vocab);
  KvCache cache(model.kv_shape());
  Workspace work = model.make_workspace();
  const SequenceChunk chunk{&cache, tokens, 0};
  model.forward({&chunk, 1}, 2, work, [&](std::size_t row, std::span<const float> values) {
    std::copy(values.begin(), values.end(), logits.begin() + static_cast<std::ptrdiff_t>(row * vocab));
  });
  return logits;
}

}  // namespace quantlens::test
