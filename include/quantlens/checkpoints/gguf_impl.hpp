/// What gguf.hpp declares, defined.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/checkpoints/gguf.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/gguf_writer.hpp"
#include "quantlens/packed/gguf_encode.hpp"
#include "quantlens/text/pretokenizer.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/assemble.hpp"
#include "quantlens/weights/name_maps.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// llama.cpp's general.file_type: what most tensors are.
[[nodiscard]] inline std::uint32_t gguf_file_type(GgmlType type) {
  switch (type) {
    case GgmlType::f32:
      return 0;
    case GgmlType::q4_0:
      return 2;
    case GgmlType::q4_1:
      return 3;
    case GgmlType::q8_0:
      return 7;
    case GgmlType::bf16:
      return 32;
    default:
      return 1;
  }
}

/// The keys tokenizer.ggml.* of a byte-level BPE tokenizer.
/// Errors: InputError `tokenizer` where llama.cpp has no pre-tokenizer that cuts text the same way.
inline void add_gguf_tokenizer(const ModelFile& model, GgufMetadataBuilder& metadata) {
  const TokenizerData& data = model.tokenizer;
  const auto refuse = [&](const auto&... why) {
    throw InputError("tokenizer", concat(model.name, " cannot become a GGUF file: ", why...));
  };
  if (data.pre_tokenizer == "custom")
    refuse("no pre-tokenizer that GGUF knows by name cuts text as this one (known: gpt-2 smollm llama-bpe qwen2)");
  const PreTokenizerFamily& family = pre_tokenizer_family(data.pre_tokenizer);
  if (family.ignore_merges != data.ignore_merges || family.normalizers() != data.normalizers)
    refuse("its pre-tokenizer is that of ", family.name, ", which ",
           family.ignore_merges != data.ignore_merges ? "treats whole words that are tokens" : "normalizes text",
           " differently, and GGUF cannot say so");
  if (data.tokens.size() > model.weights.config.vocab_size)
    refuse("its tokenizer has ", data.tokens.size(), " tokens, its embedding only ", model.weights.config.vocab_size,
           " rows");
  std::vector<std::string> tokens = data.tokens;
  std::vector<std::int32_t> types;
  for (const TokenType type : data.types) types.push_back(static_cast<std::int32_t>(type));
  // The embedding may have rows without a token.
  tokens.resize(model.weights.config.vocab_size);
  types.resize(tokens.size(), static_cast<std::int32_t>(TokenType::unused));
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i].empty()) tokens[i] = concat("[PAD", i, "]");
  std::vector<std::string> merges;
  for (const auto& [left, right] : data.merges) merges.push_back(left + " " + right);

  metadata.set("tokenizer.ggml.model", "gpt2");
  metadata.set("tokenizer.ggml.pre", family.name);
  metadata.set("tokenizer.ggml.tokens", tokens);
  metadata.set("tokenizer.ggml.token_type", types);
  metadata.set("tokenizer.ggml.merges", merges);
  const auto id = [&](std::string_view key, std::optional<TokenId> token) {
    if (token) metadata.set(key, static_cast<std::uint32_t>(*token));
  };
  id("tokenizer.ggml.bos_token_id", data.bos);
  id("tokenizer.ggml.eos_token_id", data.eos);
  id("tokenizer.ggml.unknown_token_id", data.unk);
  metadata.set("tokenizer.ggml.add_bos_token", data.add_bos);
  metadata.set("tokenizer.ggml.add_eos_token", data.add_eos);
  metadata.set("tokenizer.ggml.add_space_prefix", false);
  if (!model.chat_template.empty()) metadata.set("tokenizer.chat_template", model.chat_template);
}

/// Llama 3's scaling is a tensor (rope_freqs); dynamic scaling changes nothing within the context.
/// Errors: InputError `gguf` for what GGUF cannot say.
inline void add_gguf_rope_scaling(const ModelConfig& config, GgufMetadataBuilder& metadata) {
  const RopeScaling& scaling = config.rope_scaling;
  const bool is_yarn = scaling.kind == RopeScaling::Kind::yarn;
  if (!is_yarn && scaling.kind != RopeScaling::Kind::linear) return;
  const std::string prefix = concat(config.record().gguf, ".rope.scaling.");
  metadata.set(prefix + "type", name(scaling.kind));
  metadata.set(prefix + "factor", scaling.factor);
  if (!is_yarn) return;
  if (!scaling.truncate) throw InputError("gguf", "yarn with truncate = false: GGUF has no key for it");
  metadata.set(prefix + "original_context_length", static_cast<std::uint32_t>(scaling.original_n_ctx));
  metadata.set(prefix + "yarn_beta_fast", scaling.beta_fast);
  metadata.set(prefix + "yarn_beta_slow", scaling.beta_slow);
  metadata.set(prefix + "attn_factor", static_cast<float>(scaling.magnitude / yarn_magnitude(scaling.factor)));
}

/// Everything but the tensors' types. A GGUF source's keys are taken over as they are.
[[nodiscard]] inline GgufMetadataBuilder gguf_metadata(const ModelFile& model, GgmlType type) {
  GgufMetadataBuilder metadata;
  const ModelConfig& config = model.weights.config;
  const std::string arch(config.record().gguf);
  if (std::filesystem::is_directory(model.path)) {
    const auto u32 = [&](const std::string& key, std::size_t value) {
      metadata.set(arch + key, static_cast<std::uint32_t>(value));
    };
    metadata.set("general.architecture", arch);
    metadata.set("general.name", model.name);
    u32(".vocab_size", config.vocab_size);
    u32(".context_length", config.n_ctx);
    u32(".embedding_length", config.d_model);
    u32(".block_count", config.n_layers);
    u32(".feed_forward_length", config.d_ff);
    u32(".attention.head_count", config.n_heads);
    u32(".attention.head_count_kv", config.n_kv_heads);
    u32(".attention.key_length", config.d_head);
    u32(".attention.value_length", config.d_head);
    u32(".rope.dimension_count", config.d_head);
    metadata.set(arch + ".attention.layer_norm_rms_epsilon", config.norm_eps);
    metadata.set(arch + ".rope.freq_base", config.rope_theta);
    if (config.sliding_window.size > 0 && config.sliding_window.size < config.n_ctx)
      throw InputError("gguf", concat(model.name, " cannot become a GGUF file: llama.cpp computes no sliding window (",
                                      config.sliding_window.size, " positions) for ", config.architecture));
    add_gguf_rope_scaling(config, metadata);
    add_gguf_tokenizer(model, metadata);
  } else {
    const GgufFile source = GgufFile::open(model.path);
    for (const GgufEntry& entry : source.metadata())
      if (entry.key != "general.alignment" && !entry.key.starts_with("split.")) metadata.copy(entry);
    if (!source.has("general.name")) metadata.set("general.name", model.name);
  }
  metadata.set("general.quantization_version", std::uint32_t{2});
  metadata.set("general.file_type", gguf_file_type(type));
  return metadata;
}

QUANTLENS_INLINE std::vector<float> llama3_freq_factors(const ModelConfig& config) {
  const RopeScaling& scaling = config.rope_scaling;
  std::vector<float> factors;
  for (std::size_t i = 0; i < config.d_head / 2; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(config.d_head);
    const float wavelength = 2.0f * std::numbers::pi_v<float> * std::pow(config.rope_theta, exponent);
    const auto original = static_cast<float>(scaling.original_n_ctx);
    if (wavelength < original / scaling.high_freq_factor) {
      factors.push_back(1.0f);
    } else if (wavelength > original / scaling.low_freq_factor) {
      factors.push_back(scaling.factor);
    } else {
      const float smooth =
          (original / wavelength - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
      factors.push_back(1.0f / ((1.0f - smooth) / scaling.factor + smooth));
    }
  }
  return factors;
}

/// One matrix: its own codes where it has any, its own bytes where it has the type already, else encoded anew.
/// `stored` says which logical row each stored one is; empty: the same.
[[nodiscard]] inline GgufOutputTensor gguf_matrix(const Architecture& architecture, const WeightMatrix& matrix,
                                                  GgmlType wanted, std::vector<std::uint32_t> stored) {
  GgmlType type = wanted;
  if (matrix.codes) {
    try {
      type = gguf_type_of_codes(*matrix.codes);
    } catch (const InputError& error) {
      throw error_of(matrix.name, error);
    }
  } else if (!is_encodable(wanted)) {
    throw InputError("gguf",
                     concat(matrix.name, ": ", name(wanted), " is not written (known: F32 F16 BF16 Q4_0 Q4_1 Q8_0)"));
  }
  const auto write = [&matrix, type, stored = std::move(stored)](const ByteSink& sink) {
    std::vector<float> values(matrix.cols);
    std::vector<std::byte> bytes(matrix.cols / block_elements(type) * block_bytes(type));
    for (std::size_t s = 0; s < matrix.rows; ++s) {
      InterruptGuard::check();
      const std::size_t r = stored.empty() ? s : stored[s];
      if (matrix.codes) {
        encode_codes(*matrix.codes, r, bytes);
      } else if (matrix.type == type) {
        sink(matrix.row(r));
        continue;
      } else {
        matrix.decode_row(r, values);
        for (const float v : values)
          if (!std::isfinite(v) || (type != GgmlType::f32 && type != GgmlType::bf16 && std::fabs(v) > 65504.0f))
            throw InputError(std::isfinite(v) ? ErrorId("weights") : ErrorId("not_finite"),
                             concat(matrix.name, ": row ", r, " holds ", v, ", which ", name(type), " cannot"));
        encode_row(type, values, bytes);
      }
      sink(bytes);
    }
  };
  return {translate_name(architecture, matrix.name, canonical_names, gguf_names).value(),
          type,
          {matrix.rows, matrix.cols},
          write};
}

/// The logical row of each stored one.
[[nodiscard]] inline std::vector<std::uint32_t> inverse_rotary_row_order(std::size_t n_heads, std::size_t d_head) {
  const std::vector<std::uint32_t> order = rotary_row_order(n_heads, d_head);
  std::vector<std::uint32_t> inverse(order.size());
  for (std::size_t r = 0; r < order.size(); ++r) inverse[order[r]] = static_cast<std::uint32_t>(r);
  return inverse;
}

}  // namespace detail

QUANTLENS_INLINE void write_gguf_model(const ModelFile& model, const std::filesystem::path& path, GgufTypes types) {
  const ModelWeights& weights = model.weights;
  const ModelConfig& config = weights.config;
  const Architecture& architecture = config.record();
  if (architecture.fuses_qkv())
    throw InputError("gguf", concat(architecture.name, " models, whose q, k and v are one matrix, are not written"));
  std::vector<GgufOutputTensor> tensors;
  const auto vector = [&](const std::string& canonical, std::vector<float> values) {
    if (values.empty()) return;
    const std::uint64_t n = values.size();
    tensors.push_back({translate_name(architecture, canonical, canonical_names, gguf_names).value(),
                       GgmlType::f32,
                       {n},
                       [values = std::move(values)](const ByteSink& sink) { sink(std::as_bytes(std::span(values))); }});
  };
  const auto matrix = [&](const WeightMatrix& m, GgmlType type, std::vector<std::uint32_t> stored = {}) {
    tensors.push_back(detail::gguf_matrix(architecture, m, type, std::move(stored)));
  };
  const bool interleaved = architecture.interleaved_in_gguf;
  const auto rotary = [&](std::size_t n_heads) {
    return interleaved ? detail::inverse_rotary_row_order(n_heads, config.d_head) : std::vector<std::uint32_t>();
  };
  matrix(weights.embed, types.embedding);
  if (weights.lm_head) matrix(*weights.lm_head, types.embedding);
  vector("final_norm", weights.final_norm);
  vector("rope_freqs", !weights.rope_freq_factors.empty()                      ? weights.rope_freq_factors
                       : config.rope_scaling.kind == RopeScaling::Kind::llama3 ? detail::llama3_freq_factors(config)
                                                                               : std::vector<float>());
  for (std::size_t i = 0; i < weights.blocks.size(); ++i) {
    const BlockWeights& block = weights.blocks[i];
    const auto named = [&](std::string_view part) { return concat("blocks.", i, ".", part); };
    for (const BlockNorm norm : all_block_norms) vector(named(norm_name(norm)), block.vectors.norms[norm]);
    for (const BlockPart part : parts_of(block)) {
      const auto stored = part == BlockPart::q   ? rotary(config.n_heads)
                          : part == BlockPart::k ? rotary(config.n_kv_heads)
                                                 : std::vector<std::uint32_t>();
      const std::vector<float>& bias = block.vectors.biases[part];
      matrix(block[part], types.linear, stored);
      vector(named(concat(part_name(part), "_bias")),
             stored.empty() || bias.empty() ? bias : detail::permuted(bias, stored));
    }
  }
  const WeightMatrix& sample = weights.blocks.front()[BlockPart::down];
  const GgmlType main = sample.codes ? gguf_type_of_codes(*sample.codes) : types.linear;
  write_gguf(path, detail::gguf_metadata(model, main), tensors);
}

}  // namespace quantlens::inline QUANTLENS_ABI
