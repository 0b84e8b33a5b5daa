/// Lets the tensors of a file correct what its config says of them: where the two differ and only one reading fits the
/// shapes, the data count, with a note.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/model_config.hpp"
#include "quantlens/weights/tensor_pool.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

class ConfigCorrector {
 public:
  ConfigCorrector(ModelConfig& config, TensorPool& pool) : config_(config), pool_(pool) {}

  std::vector<std::string> run() {
    output_layer();
    vocabulary();
    heads();
    mlp();
    biases("attention_bias", {BlockPart::q, BlockPart::k, BlockPart::v, BlockPart::o});
    biases("mlp_bias", {BlockPart::gate, BlockPart::up, BlockPart::down});
    return std::move(notes_);
  }

 private:
  using Shape = std::vector<std::uint64_t>;

  [[nodiscard]] bool is_hf() const { return pool_.style() == NameStyle::hf; }
  /// How the file spells a setting.
  [[nodiscard]] std::string spelled(std::string_view hf, std::string_view gguf) const {
    return is_hf() ? std::string(hf) : concat(config_.record().gguf, ".", gguf);
  }
  /// The shape of a matrix, where it is one.
  [[nodiscard]] std::optional<Shape> matrix_shape(const std::string& name) const {
    const StoredTensor* tensor = pool_.find(name);
    return tensor != nullptr && tensor->shape.size() == 2 ? std::optional(tensor->shape) : std::nullopt;
  }

  void replace(std::size_t& value, std::size_t by, const std::string& flag, const std::string& tensor) {
    const StoredTensor& stored = *pool_.find(tensor);
    notes_.push_back(concat(flag, " says ", value, ", but '", stored.name, "' has shape ", shape_text(stored.shape),
                            ": ", by, " is taken"));
    value = by;
  }

  /// As in transformers: two tensors that differ are not tied whatever the config says, and a lone one is both.
  void output_layer() {
    const StoredTensor *embed = pool_.find("embed"), *head = pool_.find("lm_head");
    if (!config_.tied_embeddings) {
      if (embed != nullptr && head == nullptr)
        throw InputError("missing_tensor", concat(embed->file, ": no tensor 'lm_head.weight' (lm_head), and ",
                                                  "tie_word_embeddings is not true; is tie_word_embeddings right?"));
      return;
    }
    if (head == nullptr) return;
    if (embed == nullptr) return pool_.rename("lm_head", "embed");
    if (same_values(*embed, *head)) return pool_.drop("lm_head");
    config_.tied_embeddings = false;
    notes_.push_back(concat("tie_word_embeddings is true, but '", head->name, "' differs from '", embed->name,
                            "': the file's own output layer is used"));
  }

  [[nodiscard]] static bool same_values(const StoredTensor& a, const StoredTensor& b) {
    if (a.matrix || b.matrix || a.shape != b.shape) return false;
    if (a.type == b.type) return std::ranges::equal(a.data, b.data);
    if (is_quantized(a.type) || is_quantized(b.type)) return false;
    const std::size_t n = a.data.size() / block_bytes(a.type);
    constexpr std::size_t run = 4096;
    std::vector<float> of_a(run), of_b(run);
    for (std::size_t i = 0; i < n; i += run) {
      const std::size_t length = std::min(run, n - i);
      quantlens::decode_row(a.type, a.data.data() + i * block_bytes(a.type), std::span(of_a).first(length));
      quantlens::decode_row(b.type, b.data.data() + i * block_bytes(b.type), std::span(of_b).first(length));
      if (!std::equal(of_a.begin(), of_a.begin() + static_cast<std::ptrdiff_t>(length), of_b.begin())) return false;
    }
    return true;
  }

  void vocabulary() {
    const auto embed = matrix_shape("embed");
    if (!embed || (*embed)[1] != config_.d_model || (*embed)[0] == config_.vocab_size) return;
    const auto head = matrix_shape("lm_head");
    if (head && *head != *embed) return;
    replace(config_.vocab_size, (*embed)[0], "vocab_size", "embed");
  }

  /// Queries have n_heads d_head rows, keys n_kv_heads d_head. A product alone does not say which factor is wrong.
  void heads() {
    const auto q = matrix_shape("blocks.0.attn.q"), k = matrix_shape("blocks.0.attn.k");
    if (!q || !k) return;
    const std::size_t q_rows = (*q)[0], k_rows = (*k)[0];
    const std::size_t n_heads = config_.n_heads, n_kv_heads = config_.n_kv_heads, d_head = config_.d_head;
    const bool q_fits = q_rows == n_heads * d_head, k_fits = k_rows == n_kv_heads * d_head;
    if (q_fits && k_fits) return;
    if ((*q)[1] != config_.d_model || (*k)[1] != config_.d_model) return;
    if (!config_.gives_d_head && q_rows % n_heads == 0 && k_rows % n_kv_heads == 0 &&
        q_rows / n_heads == k_rows / n_kv_heads)
      return replace(config_.d_head, q_rows / n_heads, spelled("head_dim", "attention.key_length"), "blocks.0.attn.q");
    // A head size that was derived from n_heads would be wrong with it.
    if (q_fits && k_rows % d_head == 0 && (config_.gives_d_head || !config_.gives_n_kv_heads))
      return replace(config_.n_kv_heads, k_rows / d_head, spelled("num_key_value_heads", "attention.head_count_kv"),
                     "blocks.0.attn.k");
    if (k_fits && q_rows % d_head == 0 && config_.gives_d_head)
      return replace(config_.n_heads, q_rows / d_head, spelled("num_attention_heads", "attention.head_count"),
                     "blocks.0.attn.q");
  }

  void mlp() {
    const auto up = matrix_shape("blocks.0.mlp.up"), gate = matrix_shape("blocks.0.mlp.gate"),
               down = matrix_shape("blocks.0.mlp.down");
    if (!up || !gate || !down || (*up)[0] == config_.d_ff) return;
    if (*gate != *up || *down != Shape{(*up)[1], (*up)[0]} || (*up)[1] != config_.d_model) return;
    replace(config_.d_ff, (*up)[0], spelled("intermediate_size", "feed_forward_length"), "blocks.0.mlp.up");
  }

  /// Biases of the first block stand for all: a later block that differs is refused when its tensors are taken.
  void biases(std::string_view flag, std::initializer_list<BlockPart> parts) {
    std::string found, missing;
    for (const BlockPart part : parts) {
      const bool stored = pool_.has(concat("blocks.0.", part_name(part), "_bias"));
      const bool promised = config_.has_bias[part];
      // Some families have theirs by definition: where one is missing, the file is not whole.
      if (stored == promised || (promised && config_.record().biases != BiasRule::as_config)) continue;
      config_.has_bias[part] = stored;
      std::string& names = stored ? found : missing;
      names += concat(names.empty() ? "" : ", ", part_name(part));
    }
    if (!is_hf()) return;
    if (!found.empty())
      notes_.push_back(concat("the file has biases of ", found, ", which ", flag, " does not announce: they are used"));
    if (!missing.empty())
      notes_.push_back(concat(flag, " is true, but the file has no biases of ", missing, ": none are used"));
  }

  ModelConfig& config_;
  TensorPool& pool_;
  std::vector<std::string> notes_;
};

/// Returns a sentence for each setting that was read otherwise than the config says. What more than one setting could
/// explain is left as it is; the shapes are then refused when the tensors are taken.
/// Errors: InputError `missing_tensor` for an output layer that is neither there nor tied; `config` for corrected
/// numbers that no model can have.
[[nodiscard]] inline std::vector<std::string> correct_config(ModelConfig& config, TensorPool& pool) {
  std::vector<std::string> notes = ConfigCorrector(config, pool).run();
  validate(config, pool.source());
  return notes;
}

}  // namespace detail

}  // namespace quantlens::inline QUANTLENS_ABI
