/// What the bench needs of a model file: any format of it, what it weighs, what it has computed. Tests script it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/bench/bench_options.hpp"
#include "quantlens/models/measured_model.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

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
  [[nodiscard]] virtual nlohmann::json scheme(const FormatSpec& format) const = 0;
  /// Quantizes and packs. Errors: whatever makes this cell fail, such as groups that do not divide a row.
  [[nodiscard]] virtual std::shared_ptr<MeasuredModel> build(const FormatSpec& format) = 0;
};

/// Opens a model file under the options' engine settings. Errors: InputError for a file that is no model.
using OpenModel = std::function<std::unique_ptr<ModelProvider>(const std::filesystem::path&, const BenchOptions&)>;

}  // namespace quantlens::inline QUANTLENS_ABI
