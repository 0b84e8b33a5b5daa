/// The seam's real side: a loaded model file, any format of it built on demand.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "quantlens/bench/model_provider.hpp"
#include "quantlens/bench/options.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/runtime/model_session.hpp"

namespace quantlens::inline v0_1 {

/// Every parameter of a format, spelled out.
[[nodiscard]] inline nlohmann::json scheme_json(const FormatSpec& format) {
  nlohmann::json overrides = nlohmann::json::array();
  for (const FormatOverride& rule : format.overrides)
    overrides.push_back({{"pattern", rule.pattern}, {"scheme", scheme_json(rule.format)}});
  return {{"name", format.name()},
          {"method", format.method == Method::full     ? "full"
                     : format.method == Method::native ? "native"
                                                       : "rtn"},
          {"bits", format.bits == 0 ? nlohmann::json() : nlohmann::json(format.bits)},
          {"group_size", format.group_size == 0 ? nlohmann::json() : nlohmann::json(format.group_size)},
          {"symmetric", format.bits == 0 ? nlohmann::json() : nlohmann::json(format.symmetric)},
          {"activation", format.activation == Activation::a8 ? "a8" : "a32"},
          {"overrides", std::move(overrides)}};
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

 private:
  std::shared_ptr<FormatModel> model_;
};

/// A model file under one set of engine settings.
class SessionProvider final : public ModelProvider {
 public:
  /// Errors: InputError for a file that is no model, or an instruction set that QUANTLENS_ISA asks for in vain.
  SessionProvider(const std::filesystem::path& path, const BenchOptions& options)
      : path_(path), session_(path, engine_options(options)) {}

  [[nodiscard]] std::string name() const override {
    return (path_.has_filename() ? path_ : path_.parent_path()).filename().string();
  }
  [[nodiscard]] std::string own_name() const override { return session_.file().name; }
  [[nodiscard]] std::string sha256() const override { return session_.file().sha256; }
  [[nodiscard]] bool source_quantized() const override { return session_.file().weights.source_quantized; }
  [[nodiscard]] std::string source_types() const override { return session_.file().weights.source_types; }
  [[nodiscard]] std::string isa() const override { return std::string(isa_name(session_.kernels().isa)); }
  [[nodiscard]] nlohmann::json scheme(const std::string& format) const override {
    return scheme_json(parse_format(format));
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
