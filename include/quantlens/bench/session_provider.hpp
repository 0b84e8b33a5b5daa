/// The seam's real side: a loaded model file, any format of it built on demand.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "quantlens/bench/model_provider.hpp"
#include "quantlens/bench/options.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens/quant/format_spec.hpp"

namespace quantlens::inline v0_1 {

/// Every parameter of a format, spelled out; null where the method has no such parameter.
[[nodiscard]] inline nlohmann::json scheme_json(const FormatSpec& format) {
  const MethodInfo& info = method_info(format.method);
  const auto where = [](bool has, auto value) { return has ? nlohmann::json(value) : nlohmann::json(); };
  nlohmann::json overrides = nlohmann::json::array();
  for (const FormatOverride& rule : format.overrides)
    overrides.push_back({{"pattern", rule.pattern}, {"scheme", scheme_json(rule.format)}});
  return {{"name", format.name()},
          {"method", info.name},
          {"bits", where(format.bits != 0, format.bits)},
          {"group_size", where(format.group_size != 0, format.group_size)},
          {"symmetric", where(info.symmetry, format.symmetric)},
          {"act_order", where(format.method == Method::gptq, format.act_order)},
          {"static_groups", where(format.method == Method::gptq, format.static_groups)},
          {"grids", where(format.method == Method::gptq, format.whole_range ? "minmax" : "searched")},
          {"damping", where(format.method == Method::gptq, format.damping_percent / 100.0)},
          {"scale_rule", where(format.method == Method::awq, format.original_rule ? "inputs" : "duo")},
          {"double_quant", where(is_bnb_4bit(format.method), format.double_quant)},
          {"activation", format.method == Method::bnb_int8     ? "int8 per token, outliers in float"
                         : format.activation == Activation::a8 ? "a8"
                                                               : "a32"},
          {"overrides", std::move(overrides)}};
}

/// Which text a format has looked at.
[[nodiscard]] inline nlohmann::json calibration_json(const Calibration& calibration) {
  return {{"file", calibration.name},
          {"sha256", calibration.sha256},
          {"sequences", calibration.sequences.size()},
          {"length", calibration.length}};
}

/// A format that a session has built.
class SessionModel final : public BenchModel {
 public:
  explicit SessionModel(std::shared_ptr<FormatModel> model) : model_(std::move(model)) {}

  TextModel& text() override { return *model_; }
  [[nodiscard]] ModelCounters counters() const override {
    const EngineCounters& counters = model_->counters();
    return {static_cast<double>(counters.prompt_tokens), static_cast<double>(counters.generated_tokens),
            counters.prompt_seconds, counters.generate_seconds};
  }
  [[nodiscard]] ModelSizes sizes() const override {
    const ModelWeight& weight = model_->weight();
    return {weight.mib, weight.bits_per_weight, weight.bits_per_weight_model};
  }
  void forget_prompts() override { model_->forget_prompts(); }
  void use_threads(std::size_t threads) override { model_->use_threads(threads); }

 private:
  std::shared_ptr<FormatModel> model_;
};

/// A model file under one set of engine settings.
class SessionProvider final : public ModelProvider {
 public:
  /// Errors: InputError for a file that is no model, or an instruction set that QUANTLENS_ISA asks for in vain.
  SessionProvider(const std::filesystem::path& path, const BenchOptions& options)
      : path_(path),
        session_(path, engine_options(options),
                 {options.calibration, options.calibration_sequences, options.calibration_length}) {}

  [[nodiscard]] std::string name() const override {
    return (path_.has_filename() ? path_ : path_.parent_path()).filename().string();
  }
  [[nodiscard]] std::string own_name() const override { return session_.file().name; }
  [[nodiscard]] std::string sha256() const override { return session_.file().sha256; }
  [[nodiscard]] bool source_quantized() const override { return session_.file().weights.source_quantized; }
  [[nodiscard]] std::string source_types() const override { return session_.file().weights.source_types; }
  [[nodiscard]] std::vector<std::string> notes() const override { return session_.file().notes(); }
  [[nodiscard]] std::size_t n_ctx() const override { return session_.file().weights.config.n_ctx; }
  [[nodiscard]] std::string text_of(const Prompt& prompt) const override {
    return prompt.messages.empty() ? prompt.answer_prefix : session_.encoder().text_of(prompt);
  }
  [[nodiscard]] std::size_t n_tokens(const Prompt& prompt) const override {
    return session_.encoder().encode(prompt).size();
  }
  [[nodiscard]] std::string isa() const override { return std::string(isa_name(session_.kernels().isa)); }
  [[nodiscard]] nlohmann::json scheme(const std::string& format) const override {
    const FormatSpec spec = parse_format(format);
    nlohmann::json scheme = scheme_json(spec);
    scheme["calibration"] = spec.needs_calibration() ? calibration_json(session_.calibration()) : nlohmann::json();
    return scheme;
  }
  [[nodiscard]] std::shared_ptr<BenchModel> build(const std::string& format) override {
    return std::make_shared<SessionModel>(session_.build(parse_format(format)));
  }

 private:
  static EngineOptions engine_options(const BenchOptions& options) {
    EngineOptions engine;
    engine.threads = options.threads.value_or(available_threads());
    engine.batch = options.batch;
    if (options.chunk) engine.chunk = *options.chunk;
    engine.shared_prefix = options.shared_prefix;
    return engine;
  }

  std::filesystem::path path_;
  ModelSession session_;
};

}  // namespace quantlens::inline v0_1
