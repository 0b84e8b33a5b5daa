/// quantlens inspect: what a model file holds, as JSON, after all the checks of a load.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/checkpoints/load.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens_command.hpp"

namespace quantlens::tool {

struct InspectCommand {
  ModelOption model;

  void add_to(CLI::App& command) { model.add_to(command); }

  void run(std::ostream& out) const {
    const ModelFile file = load_model(model.path);
    print_notes(file);
    const ChatEncoder encoder(file);
    nlohmann::ordered_json report{{"path", file.path.string()},
                                  {"format", std::filesystem::is_directory(file.path) ? "huggingface" : "gguf"},
                                  {"sha256", file.sha256},
                                  {"architecture", file.weights.config.architecture},
                                  {"config", config_json(file.weights.config)}};
    report["source_types"] = file.weights.source_types;
    report["source_quantized"] = file.weights.source_quantized;
    add_tensors(report);
    report["tokenizer"] = tokenizer_json(file, encoder.tokenizer());
    report["chat_template"] = nullptr;
    if (!file.chat_template.empty())
      report["chat_template"] = {{"sha256", sha256_hex(std::as_bytes(std::span(file.chat_template)))},
                                 {"bytes", file.chat_template.size()}};
    out << report.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  }

 private:
  /// The double that prints as the float does: 1e-05 instead of 9.999999747378752e-06.
  [[nodiscard]] static double as_printed(float value) {
    std::array<char, 32> text{};
    const char* const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    double printed = 0;
    std::from_chars(text.data(), end, printed);
    return printed;
  }

  [[nodiscard]] static nlohmann::ordered_json config_json(const ModelConfig& config) {
    nlohmann::ordered_json scaling{{"kind", name(config.rope_scaling.kind)}};
    if (config.rope_scaling.kind != RopeScaling::Kind::none) scaling["factor"] = as_printed(config.rope_scaling.factor);
    if (config.rope_scaling.kind == RopeScaling::Kind::llama3)
      scaling.update({{"low_freq_factor", as_printed(config.rope_scaling.low_freq_factor)},
                      {"high_freq_factor", as_printed(config.rope_scaling.high_freq_factor)},
                      {"original_n_ctx", config.rope_scaling.original_n_ctx}});
    if (config.rope_scaling.kind == RopeScaling::Kind::yarn)
      scaling.update({{"beta_fast", as_printed(config.rope_scaling.beta_fast)},
                      {"beta_slow", as_printed(config.rope_scaling.beta_slow)},
                      {"truncate", config.rope_scaling.truncate},
                      {"magnitude", as_printed(config.rope_scaling.magnitude)},
                      {"original_n_ctx", config.rope_scaling.original_n_ctx}});
    nlohmann::ordered_json biases = nlohmann::ordered_json::array(), windows = nlohmann::ordered_json::array();
    for (const BlockPart part : all_block_parts)
      if (config.has_bias[part]) biases.push_back(part_name(part));
    for (std::size_t i = 0; i < config.n_layers; ++i) windows.push_back(config.sliding_window.of(i));
    return {{"n_layers", config.n_layers},
            {"d_model", config.d_model},
            {"n_heads", config.n_heads},
            {"n_kv_heads", config.n_kv_heads},
            {"d_head", config.d_head},
            {"d_ff", config.d_ff},
            {"vocab_size", config.vocab_size},
            {"n_ctx", config.n_ctx},
            {"rope_theta", as_printed(config.rope_theta)},
            {"rope_scaling", std::move(scaling)},
            {"norm_eps", as_printed(config.norm_eps)},
            {"tied_embeddings", config.tied_embeddings},
            {"biases", std::move(biases)},
            {"windows", std::move(windows)},
            {"stop_tokens", config.stop_tokens}};
  }

  [[nodiscard]] static nlohmann::ordered_json tokenizer_json(const ModelFile& file, const Tokenizer& tokenizer) {
    const auto id_or_null = [](std::optional<TokenId> id) { return id ? nlohmann::ordered_json(*id) : nullptr; };
    const TokenizerData& data = tokenizer.data();
    return {{"vocab_size", tokenizer.vocab_size()},
            {"merges", data.merges.size()},
            {"added_tokens", data.added_tokens.size()},
            {"pre_tokenizer", data.pre_tokenizer},
            {"bos", id_or_null(data.bos)},
            {"eos", id_or_null(data.eos)},
            {"bos_text", file.bos_text},
            {"eos_text", file.eos_text},
            {"add_bos", data.add_bos},
            {"add_eos", data.add_eos}};
  }

  /// The tensors under the file's own names, and the bits that one weight takes in it.
  void add_tensors(nlohmann::ordered_json& report) const {
    nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
    std::uint64_t n_weights = 0;
    double n_bits = 0;
    const auto add = [&](std::string_view name, std::string_view type, const std::vector<std::uint64_t>& shape,
                         std::size_t n_bytes) {
      tensors.push_back({{"name", name}, {"type", type}, {"shape", shape}});
      n_weights += std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>());
      n_bits += 8.0 * static_cast<double>(n_bytes);
    };
    if (std::filesystem::is_directory(model.path)) {
      const HfFolder folder = HfFolder::open(model.path);
      for (const auto& [tensor, shard] : folder.tensors())
        add(tensor->name, tensor->dtype, tensor->shape, tensor->data.size());
    } else {
      const GgufFile file = GgufFile::open(model.path);
      for (const GgufTensor& tensor : file.tensors())
        add(tensor.name, name(tensor.type), tensor.shape, tensor.data.size());
    }
    report["n_weights"] = n_weights;
    report["bits_per_weight"] = n_bits / static_cast<double>(n_weights);
    report["tensors"] = std::move(tensors);
  }
};

}  // namespace quantlens::tool
