/// Rotary position tables: one angle for each position and pair of channels.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline v0_1 {

/// Angle per position of each pair of channels, in float as the reference computes it.
/// Source: transformers' modeling_rope_utils for the "llama3" and "linear" rules (formulas only).
[[nodiscard]] inline std::vector<float> rope_frequencies(const ModelConfig& config,
                                                         const std::vector<float>& freq_factors) {
  const std::size_t half = config.d_head / 2;
  std::vector<float> frequencies(half);
  const RopeScaling& scaling = config.rope_scaling;
  for (std::size_t i = 0; i < half; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(config.d_head);
    float f = 1.0f / std::pow(config.rope_theta, exponent);
    if (scaling.kind == RopeScaling::Kind::linear) f /= scaling.factor;
    if (scaling.kind == RopeScaling::Kind::llama3) {
      const float wavelength = 2.0f * std::numbers::pi_v<float> / f;
      const auto original = static_cast<float>(scaling.original_n_ctx);
      if (wavelength > original / scaling.low_freq_factor) {
        f /= scaling.factor;
      } else if (wavelength >= original / scaling.high_freq_factor) {
        const float smooth =
            (original / wavelength - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
        f = (1.0f - smooth) * f / scaling.factor + smooth * f;
      }
    }
    if (!freq_factors.empty()) f /= freq_factors[i];
    frequencies[i] = f;
  }
  return frequencies;
}

/// Cosines and sines, grown on demand. Shapes: both [n_positions, d_head / 2].
class RopeTable {
 public:
  explicit RopeTable(std::vector<float> frequencies) : frequencies_(std::move(frequencies)) {}

  void require(std::size_t n_positions) {
    const std::size_t half = frequencies_.size();
    for (std::size_t p = cosines_.size() / half; p < n_positions; ++p)
      for (const float f : frequencies_) {
        const auto angle = static_cast<double>(static_cast<float>(p) * f);
        cosines_.push_back(static_cast<float>(std::cos(angle)));
        sines_.push_back(static_cast<float>(std::sin(angle)));
      }
  }

  [[nodiscard]] const float* cosines(std::size_t position) const noexcept {
    return cosines_.data() + position * frequencies_.size();
  }
  [[nodiscard]] const float* sines(std::size_t position) const noexcept {
    return sines_.data() + position * frequencies_.size();
  }

 private:
  std::vector<float> frequencies_, cosines_, sines_;
};

}  // namespace quantlens::inline v0_1
