/// What the bench needs of a model file: any format of it, what it weighs, what it has computed. Tests script it.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/models/text_model.hpp"

namespace quantlens::inline v0_1 {

/// Work done since a model was built; rates come from differences.
struct ModelCounters {
  double prompt_tokens = 0;
  double generated_tokens = 0;
  double prompt_seconds = 0;
  double generate_seconds = 0;

  ModelCounters& operator+=(const ModelCounters& other) {
    prompt_tokens += other.prompt_tokens;
    generated_tokens += other.generated_tokens;
    prompt_seconds += other.prompt_seconds;
    generate_seconds += other.generate_seconds;
    return *this;
  }
  [[nodiscard]] friend ModelCounters operator-(ModelCounters a, const ModelCounters& b) {
    a.prompt_tokens -= b.prompt_tokens;
    a.generated_tokens -= b.generated_tokens;
    a.prompt_seconds -= b.prompt_seconds;
    a.generate_seconds -= b.generate_seconds;
    return a;
  }
};

/// What a format weighs: all weights in memory, and stored bits per weight of the quantized matrices and of the model.
struct ModelSizes {
  double weight_mib = 0;
  double bits_per_weight = 0;
  double bits_per_weight_model = 0;
};

/// One model in one format, ready to answer.
class BenchModel {
 public:
  virtual ~BenchModel() = default;
  virtual TextModel& text() = 0;
  [[nodiscard]] virtual ModelCounters counters() const = 0;
  [[nodiscard]] virtual ModelSizes sizes() const = 0;
  /// Drops what earlier prompts left in memory (shared prefixes), so that the next one is met for the first time.
  virtual void forget_prompts() = 0;
  /// How many threads answer from here on; no answer depends on it.
  virtual void use_threads(std::size_t /*threads*/) {}

  double kept_mib = 0;  ///< what its cells have left behind in memory, such as shared prefixes
};

/// One model file.
class ModelProvider {
 public:
  virtual ~ModelProvider() = default;
  /// The path, as the user spelled it.
  [[nodiscard]] virtual std::string name() const = 0;
  /// What the model itself is called, wherever it lies.
  [[nodiscard]] virtual std::string own_name() const = 0;
  [[nodiscard]] virtual std::string sha256() const = 0;
  [[nodiscard]] virtual bool source_quantized() const = 0;
  /// The stored types, such as "Q4_1+Q8_0".
  [[nodiscard]] virtual std::string source_types() const = 0;
  /// What was read otherwise than the files say, a sentence each.
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }
  /// Positions of its context.
  [[nodiscard]] virtual std::size_t n_ctx() const = 0;
  /// What the model reads of a prompt, as text. Errors: InputError for a chat that its template refuses.
  [[nodiscard]] virtual std::string text_of(const Prompt& prompt) const = 0;
  /// The same in tokens. Errors: the same.
  [[nodiscard]] virtual std::size_t n_tokens(const Prompt& prompt) const = 0;
  /// The instruction set that the kernels use here.
  [[nodiscard]] virtual std::string isa() const = 0;
  /// Every parameter of a format, without building it.
  [[nodiscard]] virtual nlohmann::json scheme(const std::string& format) const = 0;
  /// Quantizes and packs. Errors: whatever makes this cell fail, such as groups that do not divide a row.
  [[nodiscard]] virtual std::shared_ptr<BenchModel> build(const std::string& format) = 0;
};

}  // namespace quantlens::inline v0_1
