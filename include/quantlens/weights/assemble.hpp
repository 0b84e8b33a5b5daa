/// Puts a model together from the tensors of a file, checking every name, type and shape.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/half.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/ggml_type.hpp"
#include "quantlens/weights/checkpoint_tensor.hpp"
#include "quantlens/weights/model_weights.hpp"
#include "quantlens/weights/name_maps.hpp"

namespace quantlens::inline v0_1 {

/// A tensor wherever it is stored. Its number of bytes agrees with type and shape, unless it comes as a matrix.
struct StoredTensor {
  std::string name;  ///< As the file calls it.
  std::string file;
  GgmlType type = GgmlType::f32;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> data;
  std::uint64_t offset = 0;
  /// What several tensors of a quantized checkpoint make up together; `data` is then unused.
  std::optional<CheckpointMatrix> matrix = std::nullopt;
};

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

/// Takes tensors out of a pool by canonical name; what nobody takes is an error in the end.
class TensorPool {
 public:
  /// `source` names the model in messages about tensors that are not there; `style` says how it spells them.
  TensorPool(std::string source, NameStyle style) : source_(std::move(source)), style_(style) {}

  void add(StoredTensor tensor) {
    const auto canonical = translate_name(tensor.name, style_, canonical_names);
    if (!canonical) throw unexpected(tensor);
    const auto [before, is_new] = tensors_.try_emplace(*canonical, std::move(tensor));
    if (!is_new)
      throw InputError("unexpected_tensor",
                       concat(source_, ": both plain and quantized weights for '", before->second.name, "'"));
  }

  [[nodiscard]] std::size_t size() const { return tensors_.size(); }
  [[nodiscard]] bool has(const std::string& name) const { return tensors_.contains(name); }
  void drop(const std::string& name) { tensors_.erase(name); }

  WeightMatrix matrix(const std::string& name, std::size_t rows, std::size_t cols, std::string_view suspect) {
    StoredTensor tensor = take(name, {rows, cols}, suspect);
    if (tensor.matrix) {
      if (name == "embed")
        throw InputError("unexpected_tensor",
                         concat(tensor.file, ": '", tensor.name, "' is quantized; only linear layers can be"));
      tensor.matrix->matrix.name = name;
      schemes_.insert(tensor.matrix->scheme);
      return std::move(tensor.matrix->matrix);
    }
    WeightMatrix matrix;
    matrix.name = name;
    matrix.type = tensor.type;
    matrix.rows = rows;
    matrix.cols = cols;
    matrix.row_bytes = cols / block_elements(tensor.type) * block_bytes(tensor.type);
    matrix.data = tensor.data.data();
    types_.insert(tensor.type);
    return matrix;
  }

  /// A stored vector of floats, decoded.
  std::vector<float> vector(const std::string& name, std::size_t n, std::string_view suspect) {
    const StoredTensor tensor = take(name, {n}, suspect);
    if (tensor.matrix)
      throw InputError("unexpected_tensor", concat(tensor.file, ": '", tensor.name, "' is quantized, but no matrix"));
    const auto decode = [&]<class T>(T) {
      std::vector<float> values(n);
      for (std::size_t i = 0; i < n; ++i) {
        values[i] = to_float(load_unaligned<T>(tensor.data.data() + i * sizeof(T)));
        if (!std::isfinite(values[i]))
          throw FormatError("tensor", tensor.file, tensor.offset + i * sizeof(T),
                            concat("tensor '", tensor.name, "': item ", i, " is ", values[i]));
      }
      return values;
    };
    if (tensor.type == GgmlType::f32) return decode(float{});
    if (tensor.type == GgmlType::f16) return decode(Half{});
    if (tensor.type == GgmlType::bf16) return decode(BFloat16{});
    throw FormatError("tensor_type", tensor.file, tensor.offset,
                      concat("tensor '", tensor.name, "' is of type ", quantlens::name(tensor.type),
                             "; vectors are read as F32, F16 or BF16"));
  }

  /// Errors: InputError `unexpected_tensor` if anything was left: ignoring it would compute another model.
  void require_all_taken(std::size_t n_layers) const {
    if (!tensors_.empty()) {
      const StoredTensor& left = tensors_.begin()->second;
      throw InputError("unexpected_tensor",
                       concat(left.file, ": tensor '", left.name,
                              "' has no place in this model; is n_layers = ", n_layers, " right?"));
    }
  }

  /// The types of all matrices taken, in the file format's order.
  [[nodiscard]] const std::set<GgmlType>& types() const { return types_; }
  /// The schemes of all matrices taken that are codes of a checkpoint.
  [[nodiscard]] const std::set<std::string>& schemes() const { return schemes_; }

 private:
  [[nodiscard]] static InputError unexpected(const StoredTensor& tensor) {
    return InputError("unexpected_tensor",
                      concat(tensor.file, ": tensor '", tensor.name, "' is none that a supported model has"));
  }

  StoredTensor take(const std::string& name, const std::vector<std::uint64_t>& expected, std::string_view suspect) {
    auto taken = tensors_.extract(name);
    if (taken.empty())
      throw InputError("missing_tensor",
                       concat(source_, ": no tensor '", translate_name(name, canonical_names, style_).value_or(name),
                              "' (", name, ")"));
    StoredTensor& tensor = taken.mapped();
    if (tensor.shape != expected)
      throw InputError("shape", concat(tensor.name, " in ", tensor.file, ": expected ", shape_text(expected), ", got ",
                                       shape_text(tensor.shape), "; is ", suspect, " right?"));
    return std::move(tensor);
  }

  std::string source_;
  NameStyle style_;
  std::unordered_map<std::string, StoredTensor> tensors_;
  std::set<GgmlType> types_;
  std::set<std::string> schemes_;
};

[[nodiscard]] inline BlockWeights take_block(TensorPool& pool, const ModelConfig& config, std::size_t index) {
  const auto name = [&](std::string_view part) { return concat("blocks.", index, ".", part); };
  const std::size_t q_rows = config.n_heads * config.d_head;
  const std::size_t kv_rows = config.n_kv_heads * config.d_head;
  BlockWeights block;
  block.attn_norm = pool.vector(name("attn_norm"), config.d_model, "d_model");
  block.q = pool.matrix(name("attn.q"), q_rows, config.d_model, "n_heads");
  block.k = pool.matrix(name("attn.k"), kv_rows, config.d_model, "n_kv_heads");
  block.v = pool.matrix(name("attn.v"), kv_rows, config.d_model, "n_kv_heads");
  block.o = pool.matrix(name("attn.o"), config.d_model, q_rows, "n_heads");
  if (config.has_qkv_bias()) {
    block.q_bias = pool.vector(name("attn.q_bias"), q_rows, "n_heads");
    block.k_bias = pool.vector(name("attn.k_bias"), kv_rows, "n_kv_heads");
    block.v_bias = pool.vector(name("attn.v_bias"), kv_rows, "n_kv_heads");
  }
  block.mlp_norm = pool.vector(name("mlp_norm"), config.d_model, "d_model");
  block.gate = pool.matrix(name("mlp.gate"), config.d_ff, config.d_model, "d_ff");
  block.up = pool.matrix(name("mlp.up"), config.d_ff, config.d_model, "d_ff");
  block.down = pool.matrix(name("mlp.down"), config.d_model, config.d_ff, "d_ff");
  return block;
}

/// `config` has been validated. `interleaved`: whether q and k rows are stored as Llama's GGUF converter leaves them.
[[nodiscard]] inline ModelWeights assemble(ModelConfig config, TensorPool pool, bool interleaved,
                                           std::shared_ptr<const void> storage) {
  ModelWeights weights;
  weights.storage = std::move(storage);
  weights.embed = pool.matrix("embed", config.vocab_size, config.d_model, "vocab_size or d_model");
  if (config.tied_embeddings) {
    pool.drop("lm_head");  // a copy that some files keep
  } else {
    weights.lm_head = pool.matrix("lm_head", config.vocab_size, config.d_model, "vocab_size or d_model");
  }
  weights.final_norm = pool.vector("final_norm", config.d_model, "d_model");
  if (pool.has("rope_freqs")) {
    weights.rope_freq_factors = pool.vector("rope_freqs", config.d_head / 2, "d_head");
    for (const float factor : weights.rope_freq_factors)
      if (factor <= 0.0f) throw InputError("config", concat("rope_freqs.weight holds ", factor, ", not above 0"));
  }
  // Every block takes tensors out of the pool, so an absurd n_layers ends at the first missing one.
  for (std::size_t i = 0; i < config.n_layers; ++i) {
    BlockWeights& block = weights.blocks.emplace_back(take_block(pool, config, i));
    if (interleaved) {
      block.q.row_order = rotary_row_order(config.n_heads, config.d_head);
      block.k.row_order = rotary_row_order(config.n_kv_heads, config.d_head);
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

}  // namespace quantlens::inline v0_1
