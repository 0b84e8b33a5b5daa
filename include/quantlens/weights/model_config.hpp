/// The numbers that define a decoder-only transformer, and whether they can be true.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/architecture.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How rotary positions are stretched beyond the context a model was first trained on.
struct RopeScaling {
  /// dynamic: frequencies depend on the length of a text beyond n_ctx, where no text reaches; within it as none.
  enum class Kind { none, linear, llama3, dynamic, yarn };
  Kind kind = Kind::none;
  /// linear: positions are divided by it; llama3 and yarn: low frequencies are.
  float factor = 1.0f;
  std::size_t original_n_ctx = 0;  ///< llama3 and yarn.
  float low_freq_factor = 1.0f;    ///< llama3.
  float high_freq_factor = 1.0f;
  float beta_fast = 32.0f;  ///< yarn: turns within the original context from which on a frequency is kept.
  float beta_slow = 1.0f;   ///< yarn: turns up to which a frequency is divided by `factor`.
  bool truncate = true;     ///< yarn: whether the channels of these turns are rounded outwards.
  float magnitude = 1.0f;   ///< yarn: by which cosines and sines are multiplied (the "attention factor").
};

[[nodiscard]] constexpr std::string_view name(RopeScaling::Kind kind) {
  constexpr std::string_view names[] = {"none", "linear", "llama3", "dynamic", "yarn"};
  return names[static_cast<std::size_t>(kind)];
}

/// The magnitude that goes with a factor of yarn. Source: Peng et al. 2023, arXiv 2309.00071, equation 22.
[[nodiscard]] inline double yarn_magnitude(double factor, double scale = 1.0) {
  return factor <= 1.0 ? 1.0 : 0.1 * scale * std::log(factor) + 1.0;
}

/// Layers whose queries see only the last `size` positions, their own included.
struct SlidingWindow {
  std::size_t size = 0;         ///< 0: every layer sees all positions.
  std::size_t first_layer = 0;  ///< The layers from here on have it,
  std::vector<bool> layers;     ///< or these, where it is not empty: [n_layers].

  /// 0: layer `i` sees all positions.
  [[nodiscard]] std::size_t of(std::size_t i) const {
    return (layers.empty() ? i >= first_layer : layers[i]) ? size : 0;
  }
};

/// A model's hyperparameters.
struct ModelConfig {
  std::string architecture;  ///< The name of one of known_architectures().
  std::size_t n_layers = 0;
  std::size_t d_model = 0;
  std::size_t n_heads = 0;
  std::size_t n_kv_heads = 0;
  std::size_t d_head = 0;
  std::size_t d_ff = 0;
  std::size_t vocab_size = 0;
  std::size_t n_ctx = 0;
  float rope_theta = 10000.0f;
  float norm_eps = 0.0f;
  RopeScaling rope_scaling;
  bool tied_embeddings = false;
  PerPart<bool> has_bias;  ///< Whether a matrix of a block adds a bias to its outputs.
  SlidingWindow sliding_window;
  bool gives_n_kv_heads = true;  ///< Whether the file says so, rather than leaving it to be derived.
  bool gives_d_head = true;
  /// Generation ends at any of these: end of text and the chat format's end of turn. Sorted.
  std::vector<TokenId> stop_tokens;

  [[nodiscard]] const Architecture& record() const { return architecture_named(architecture); }
  [[nodiscard]] std::size_t size_of(Dim dim) const {
    switch (dim) {
      case Dim::one:
        return 1;
      case Dim::d_model:
        return d_model;
      case Dim::d_ff:
        return d_ff;
      case Dim::d_head:
        return d_head;
      case Dim::half_head:
        return d_head / 2;
      case Dim::q_width:
        return n_heads * d_head;
      case Dim::kv_width:
        return n_kv_heads * d_head;
      case Dim::qkv_width:
        return (n_heads + 2 * n_kv_heads) * d_head;
      case Dim::vocab:
        return vocab_size;
      case Dim::n_ctx:
        return n_ctx;
    }
    return 0;
  }
};

/// Refuses numbers that no model can have. Errors: InputError `config` naming the file, the number and its value.
inline void validate(const ModelConfig& config, std::string_view file) {
  // Products of two sizes then fit 64 bits, and indices fit 32.
  constexpr std::size_t max_size = std::size_t{1} << 31;
  const auto refuse = [&](std::string_view name, const auto& value, std::string_view rule) {
    throw InputError("config", concat(file, ": ", name, " is ", value, ", but should be ", rule));
  };
  const auto size = [&](std::string_view name, std::size_t value) {
    if (value == 0 || value >= max_size) refuse(name, value, "at least 1 and below 2^31");
  };
  const auto positive = [&](std::string_view name, float value) {
    if (!std::isfinite(value) || value <= 0.0f) refuse(name, value, "finite and above 0");
  };
  size("n_layers", config.n_layers);
  size("d_model", config.d_model);
  size("n_heads", config.n_heads);
  size("n_kv_heads", config.n_kv_heads);
  size("d_head", config.d_head);
  size("d_ff", config.d_ff);
  size("vocab_size", config.vocab_size);
  size("n_ctx", config.n_ctx);
  if (config.n_heads % config.n_kv_heads != 0)
    refuse("n_kv_heads", config.n_kv_heads, concat("a divisor of n_heads, ", config.n_heads));
  if (config.record().positions == Positions::rotary) {
    if (config.d_head % 2 != 0) refuse("d_head", config.d_head, "even for rotary positions");
    positive("rope_theta", config.rope_theta);
  }
  positive("norm_eps", config.norm_eps);
  const RopeScaling& scaling = config.rope_scaling;
  if (scaling.kind != RopeScaling::Kind::none) positive("rope scaling factor", scaling.factor);
  if (scaling.kind == RopeScaling::Kind::llama3) {
    positive("low_freq_factor", scaling.low_freq_factor);
    positive("high_freq_factor", scaling.high_freq_factor);
    if (scaling.high_freq_factor <= scaling.low_freq_factor)
      refuse("high_freq_factor", scaling.high_freq_factor, "above low_freq_factor");
    size("original context of rope scaling", scaling.original_n_ctx);
  }
  if (scaling.kind == RopeScaling::Kind::yarn) {
    positive("beta_fast", scaling.beta_fast);
    positive("beta_slow", scaling.beta_slow);
    if (scaling.beta_fast < scaling.beta_slow) refuse("beta_fast", scaling.beta_fast, "beta_slow or above");
    positive("attention factor of rope scaling", scaling.magnitude);
    size("original context of rope scaling", scaling.original_n_ctx);
    if (config.rope_theta <= 1.0f) refuse("rope_theta", config.rope_theta, "above 1 for yarn");
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
