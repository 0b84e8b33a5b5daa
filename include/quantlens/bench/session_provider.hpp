/// The seam's real side: a loaded model file, any format of it built on demand.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "quantlens/bench/bench_options.hpp"
#include "quantlens/bench/model_provider.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Every parameter of a format, spelled out; null where the method has no such parameter.
[[nodiscard]] nlohmann::json scheme_json(const FormatSpec& format);

/// Which text a format has looked at.
[[nodiscard]] nlohmann::json calibration_json(const Calibration& calibration);

/// A model file under one set of engine settings.
class SessionProvider final : public ModelProvider {
 public:
  /// Errors: InputError for a file that is no model, or an instruction set that QUANTLENS_ISA asks for in vain.
  SessionProvider(const std::filesystem::path& path, const BenchOptions& options);

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] std::string own_name() const override { return session_.file().name; }
  [[nodiscard]] std::string sha256() const override { return session_.file().sha256; }
  [[nodiscard]] bool source_quantized() const override { return session_.file().weights.source_quantized; }
  [[nodiscard]] std::string source_types() const override { return session_.file().weights.source_types; }
  [[nodiscard]] std::vector<std::string> notes() const override { return session_.notes(); }
  [[nodiscard]] std::size_t n_ctx() const override { return session_.file().weights.config.n_ctx; }
  [[nodiscard]] std::string text_of(const Prompt& prompt) const override;
  [[nodiscard]] std::size_t n_tokens(const Prompt& prompt) const override;
  [[nodiscard]] std::string isa() const override { return std::string(isa_name(session_.kernels().isa)); }
  [[nodiscard]] nlohmann::json scheme(const FormatSpec& format) const override;
  [[nodiscard]] std::shared_ptr<MeasuredModel> build(const FormatSpec& format) override;

 private:
  static EngineOptions engine_options(const BenchOptions& options);

  std::filesystem::path path_;
  ModelSession session_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/session_provider_impl.hpp"
#endif
