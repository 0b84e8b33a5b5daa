/// The numbers that define a decoder-only transformer, and whether they can be true.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/text/token.hpp"

namespace quantlens::inline v0_1 {

/// How rotary positions are stretched beyond the context a model was first trained on.
struct RopeScaling {
  enum class Kind { none, linear, llama3 };
  Kind kind = Kind::none;
  /// linear: positions are divided by it; llama3: low frequencies are.
  float factor = 1.0f;
  float low_freq_factor = 1.0f;
  float high_freq_factor = 1.0f;
  std::size_t original_n_ctx = 0;
};

/// A model's hyperparameters.
struct ModelConfig {
  std::string architecture;  ///< One of known_architectures().
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
  /// Generation ends at any of these: end of text and the chat format's end of turn. Sorted.
  std::vector<TokenId> stop_tokens;

  /// Whether q, k and v add a bias.
  [[nodiscard]] bool has_qkv_bias() const { return architecture == "qwen2"; }
};

/// The architectures that load.
[[nodiscard]] inline const std::vector<std::string>& known_architectures() {
  static const std::vector<std::string> names = {"llama", "qwen2"};
  return names;
}

/// Errors: InputError `unknown_name` for an architecture that does not load.
inline void require_known_architecture(std::string_view name) {
  for (const std::string& known : known_architectures())
    if (known == name) return;
  throw unknown_name("architecture", name, known_architectures());
}

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
  if (config.d_head % 2 != 0) refuse("d_head", config.d_head, "even for rotary positions");
  positive("rope_theta", config.rope_theta);
  positive("norm_eps", config.norm_eps);
  if (config.rope_scaling.kind != RopeScaling::Kind::none) positive("rope scaling factor", config.rope_scaling.factor);
  if (config.rope_scaling.kind == RopeScaling::Kind::llama3) {
    positive("low_freq_factor", config.rope_scaling.low_freq_factor);
    positive("high_freq_factor", config.rope_scaling.high_freq_factor);
    if (config.rope_scaling.high_freq_factor <= config.rope_scaling.low_freq_factor)
      refuse("high_freq_factor", config.rope_scaling.high_freq_factor, "above low_freq_factor");
    size("original context of rope scaling", config.rope_scaling.original_n_ctx);
  }
}

}  // namespace quantlens::inline v0_1
