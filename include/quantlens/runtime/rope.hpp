/// Rotary position tables: one angle for each position and pair of channels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "quantlens/version.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How far yarn divides the frequency of each pair of channels: not at all up to `low_`, wholly from `high_` on.
/// Source: transformers' modeling_rope_utils, "yarn" (formulas only).
class YarnRamp {
 public:
  /// Meaningful where yarn scales the model.
  explicit YarnRamp(const ModelConfig& config) {
    const RopeScaling& scaling = config.rope_scaling;
    if (scaling.kind != RopeScaling::Kind::yarn) return;
    const auto channel_that_turns = [&](float times) {
      const double wavelength = static_cast<double>(scaling.original_n_ctx) / (times * 2.0 * std::numbers::pi);
      return static_cast<double>(config.d_head) * std::log(wavelength) / (2.0 * std::log(config.rope_theta));
    };
    double low = channel_that_turns(scaling.beta_fast), high = channel_that_turns(scaling.beta_slow);
    if (scaling.truncate) {
      low = std::floor(low);
      high = std::ceil(high);
    }
    low_ = std::max(low, 0.0);
    high_ = std::min(high, static_cast<double>(config.d_head - 1));
    if (low_ == high_) high_ += 0.001;
  }

  /// From 0 to 1.
  [[nodiscard]] float divided(std::size_t pair) const {
    return static_cast<float>(std::clamp((static_cast<double>(pair) - low_) / (high_ - low_), 0.0, 1.0));
  }

 private:
  double low_ = 0, high_ = 1;
};

/// Angle per position of each pair of channels, in float as the reference computes it.
/// Source: transformers' modeling_rope_utils for the "llama3", "linear" and "yarn" rules (formulas only).
[[nodiscard]] inline std::vector<float> rope_frequencies(const ModelConfig& config,
                                                         const std::vector<float>& freq_factors) {
  const std::size_t half = config.d_head / 2;
  std::vector<float> frequencies(half);
  const RopeScaling& scaling = config.rope_scaling;
  const YarnRamp yarn(config);
  for (std::size_t i = 0; i < half; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(config.d_head);
    const float period = std::pow(config.rope_theta, exponent);
    float f = 1.0f / period;
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
    if (scaling.kind == RopeScaling::Kind::yarn) {
      const float kept = 1.0f - yarn.divided(i);
      f = 1.0f / (scaling.factor * period) * (1.0f - kept) + f * kept;
    }
    if (!freq_factors.empty()) f /= freq_factors[i];
    frequencies[i] = f;
  }
  return frequencies;
}

/// Cosines and sines, both times `magnitude`, grown on demand. Shapes: both [n_positions, d_head / 2].
class RopeTable {
 public:
  explicit RopeTable(std::vector<float> frequencies, float magnitude = 1.0f)
      : frequencies_(std::move(frequencies)), magnitude_(magnitude) {}

  void require(std::size_t n_positions) {
    const std::size_t half = frequencies_.size();
    for (std::size_t p = cosines_.size() / half; p < n_positions; ++p)
      for (const float f : frequencies_) {
        const auto angle = static_cast<double>(static_cast<float>(p) * f);
        cosines_.push_back(static_cast<float>(std::cos(angle)) * magnitude_);
        sines_.push_back(static_cast<float>(std::sin(angle)) * magnitude_);
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
  float magnitude_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
