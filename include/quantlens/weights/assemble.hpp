/// Puts a model together from the tensors of a file, checking every name, type and shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/config_from_tensors.hpp"
#include "quantlens/weights/model_weights.hpp"
#include "quantlens/weights/tensor_pool.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// The stored row of each logical one. Llama's converter interleaves the two rotary halves of each head: stored row
/// 2 j + s of a head is its logical row s d_head / 2 + j.
[[nodiscard]] inline std::vector<std::uint32_t> rotary_row_order(std::size_t n_heads, std::size_t d_head) {
  std::vector<std::uint32_t> order(n_heads * d_head);
  for (std::size_t r = 0; r < order.size(); ++r) {
    const std::size_t in_head = r % d_head;
    const std::size_t half = in_head / (d_head / 2);
    const std::size_t j = in_head % (d_head / 2);
    order[r] = static_cast<std::uint32_t>(r - in_head + 2 * j + half);
  }
  return order;
}

[[nodiscard]] inline std::vector<float> permuted(const std::vector<float>& values,
                                                 const std::vector<std::uint32_t>& order) {
  std::vector<float> result;
  for (const std::uint32_t from : order) result.push_back(values[from]);
  return result;
}

/// Which setting explains a wrong shape.
[[nodiscard]] constexpr std::string_view suspect_of(Dim dim) {
  switch (dim) {
    case Dim::d_ff:
      return "d_ff";
    case Dim::d_head:
    case Dim::half_head:
      return "d_head";
    case Dim::q_width:
      return "n_heads or d_head";
    case Dim::kv_width:
      return "n_kv_heads or d_head";
    case Dim::qkv_width:
      return "n_heads or d_model";
    case Dim::vocab:
      return "vocab_size or d_model";
    case Dim::n_ctx:
      return "n_ctx or d_model";
    default:
      return "d_model";
  }
}

/// Takes tensors of one model by their records.
class TensorTaker {
 public:
  TensorTaker(TensorPool& pool, const ModelConfig& config) : pool_(pool), config_(config) {}

  /// `canonical` is the record's name behind `prefix`, such as "blocks.3.".
  [[nodiscard]] WeightMatrix matrix(const TensorRecord& record, const std::string& prefix = "") {
    // The dimension that is not the residual stream's is the one that a config may have wrong.
    const Dim suspect = record.rows == Dim::d_model ? record.cols : record.rows;
    return pool_.matrix(concat(prefix, record.canonical), config_.size_of(record.rows), config_.size_of(record.cols),
                        suspect_of(suspect));
  }
  [[nodiscard]] std::vector<float> vector(const TensorRecord& record, const std::string& prefix = "") {
    return pool_.vector(concat(prefix, record.canonical), config_.size_of(record.rows), suspect_of(record.rows));
  }

 private:
  TensorPool& pool_;
  const ModelConfig& config_;
};

/// Rows [first, first + n) of a matrix, of which no row is stored elsewhere.
[[nodiscard]] inline WeightMatrix rows_of(const WeightMatrix& matrix, std::string name, std::size_t first,
                                          std::size_t n) {
  WeightMatrix part = matrix;
  part.name = std::move(name);
  part.rows = n;
  part.data = matrix.data + first * matrix.row_bytes;
  return part;
}

/// q, k and v, which the file stores as one matrix and one bias. Errors: InputError `checkpoint` for codes.
inline void take_fused_qkv(TensorTaker& taker, const Architecture& record, const ModelConfig& config,
                           const std::string& prefix, BlockWeights& block) {
  const WeightMatrix fused = taker.matrix(*record.find_in_block("attn.qkv"), prefix);
  if (fused.codes)
    throw InputError("checkpoint", concat(prefix, "attn.qkv: codes of q, k and v in one matrix are not supported"));
  const std::vector<float> bias = taker.vector(*record.find_in_block("attn.qkv_bias"), prefix);
  const std::size_t q_rows = config.size_of(Dim::q_width), kv_rows = config.size_of(Dim::kv_width);
  std::size_t first = 0;
  for (const BlockPart part : {BlockPart::q, BlockPart::k, BlockPart::v}) {
    const std::size_t n = part == BlockPart::q ? q_rows : kv_rows;
    block[part] = rows_of(fused, concat(prefix, part_name(part)), first, n);
    const auto from = bias.begin() + static_cast<std::ptrdiff_t>(first);
    block.vectors.biases[part].assign(from, from + static_cast<std::ptrdiff_t>(n));
    first += n;
  }
}

[[nodiscard]] inline BlockWeights take_block(TensorPool& pool, const ModelConfig& config, std::size_t index) {
  const Architecture& record = config.record();
  const std::string prefix = concat("blocks.", index, ".");
  TensorTaker taker(pool, config);
  const auto find = [&](std::string_view name, std::string_view suffix = "") {
    return record.find_in_block(concat(name, suffix));
  };
  BlockWeights block;
  for (const BlockNorm norm : all_block_norms) {
    if (const auto* weight = find(norm_name(norm))) block.vectors.norms[norm] = taker.vector(*weight, prefix);
    if (const auto* bias = find(norm_name(norm), "_bias"))
      block.vectors.norm_biases[norm] = taker.vector(*bias, prefix);
  }
  if (record.fuses_qkv()) take_fused_qkv(taker, record, config, prefix, block);
  for (const BlockPart part : all_block_parts) {
    const TensorRecord* matrix = find(part_name(part));
    if (matrix == nullptr) continue;
    block[part] = taker.matrix(*matrix, prefix);
    if (config.has_bias[part]) block.vectors.biases[part] = taker.vector(*find(part_name(part), "_bias"), prefix);
  }
  block.vectors.window = config.sliding_window.of(index);
  return block;
}

/// Puts the rows that a part makes into the order of Hugging Face's files.
inline void set_row_order(BlockWeights& block, BlockPart part, std::vector<std::uint32_t> order) {
  std::vector<float>& bias = block.vectors.biases[part];
  if (!bias.empty()) bias = permuted(bias, order);
  block[part].row_order = std::move(order);
}

/// `config` has been validated. `interleaved`: whether q and k rows are stored as Llama's GGUF converter leaves them.
[[nodiscard]] inline ModelWeights assemble(ModelConfig config, TensorPool pool, bool interleaved,
                                           std::shared_ptr<const void> storage) {
  ModelWeights weights;
  weights.storage = std::move(storage);
  weights.notes = correct_config(config, pool);
  TensorTaker taker(pool, config);
  for (const TensorRecord& record : config.record().tensors) {
    if (record.canonical == "embed") weights.embed = taker.matrix(record);
    if (record.canonical == "lm_head" && !config.tied_embeddings) weights.lm_head = taker.matrix(record);
    if (record.canonical == "positions") weights.positions = taker.matrix(record);
    if (record.canonical == "final_norm") weights.final_norm = taker.vector(record);
    if (record.canonical == "final_norm_bias") weights.final_norm_bias = taker.vector(record);
    if (record.canonical == "rope_freqs" && pool.has("rope_freqs")) weights.rope_freq_factors = taker.vector(record);
  }
  for (const float factor : weights.rope_freq_factors)
    if (factor <= 0.0f) throw InputError("config", concat("rope_freqs.weight holds ", factor, ", not above 0"));
  // Every block takes tensors out of the pool, so an absurd n_layers ends at the first missing one.
  for (std::size_t i = 0; i < config.n_layers; ++i) {
    BlockWeights& block = weights.blocks.emplace_back(take_block(pool, config, i));
    if (interleaved) {
      set_row_order(block, BlockPart::q, rotary_row_order(config.n_heads, config.d_head));
      set_row_order(block, BlockPart::k, rotary_row_order(config.n_kv_heads, config.d_head));
    }
  }
  pool.require_all_taken(config.n_layers);
  const auto add_source = [&](std::string_view type, bool quantized) {
    weights.source_types += concat(weights.source_types.empty() ? "" : "+", type);
    weights.source_quantized = weights.source_quantized || quantized;
  };
  for (const std::string& scheme : pool.schemes()) add_source(scheme, true);
  for (const GgmlType type : pool.types()) add_source(name(type), is_quantized(type));
  weights.config = std::move(config);
  return weights;
}

}  // namespace detail

}  // namespace quantlens::inline QUANTLENS_ABI
