/// What session_provider.hpp declares, defined.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "quantlens/bench/session_provider.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE nlohmann::json scheme_json(const FormatSpec& format) {
  const MethodInfo& info = method_info(format.method);
  const auto where = [](bool has, auto value) { return has ? nlohmann::json(value) : nlohmann::json(); };
  nlohmann::json overrides = nlohmann::json::array();
  for (const FormatOverride& rule : format.overrides)
    overrides.push_back({{"pattern", rule.pattern}, {"scheme", scheme_json(rule.format)}});
  nlohmann::json scheme = {{"name", format.name()},
                           {"method", info.name},
                           {"bits", where(format.bits != 0, format.bits)},
                           {"group_size", where(format.group_size != 0, format.group_size)},
                           {"symmetric", where(info.symmetry, format.symmetric)},
                           {"activation", format.method == Method::bnb_int8     ? "int8 per token, outliers in float"
                                          : format.activation == Activation::a8 ? "a8"
                                                                                : "a32"},
                           {"overrides", std::move(overrides)}};
  for_each_option(format, [&](std::string_view key, const SchemeValue* value) {
    scheme[std::string(key)] =
        value != nullptr ? std::visit([](auto v) { return nlohmann::json(v); }, *value) : nlohmann::json();
  });
  return scheme;
}

QUANTLENS_INLINE nlohmann::json calibration_json(const Calibration& calibration) {
  return {{"file", calibration.name},
          {"sha256", calibration.sha256},
          {"sequences", calibration.sequences.size()},
          {"length", calibration.length}};
}

QUANTLENS_INLINE SessionProvider::SessionProvider(const std::filesystem::path& path, const BenchOptions& options)
    : path_(path), session_(path, engine_options(options), options.calibration) {}

QUANTLENS_INLINE std::string SessionProvider::name() const {
  return (path_.has_filename() ? path_ : path_.parent_path()).filename().string();
}

QUANTLENS_INLINE std::string SessionProvider::text_of(const Prompt& prompt) const {
  return prompt.messages.empty() ? prompt.answer_prefix : session_.encoder().text_of(prompt);
}

QUANTLENS_INLINE std::size_t SessionProvider::n_tokens(const Prompt& prompt) const {
  return session_.encoder().encode(prompt).size();
}

QUANTLENS_INLINE nlohmann::json SessionProvider::scheme(const FormatSpec& format) const {
  nlohmann::json scheme = scheme_json(format);
  scheme["calibration"] = format.needs_calibration() ? calibration_json(session_.calibration()) : nlohmann::json();
  return scheme;
}

QUANTLENS_INLINE std::shared_ptr<MeasuredModel> SessionProvider::build(const FormatSpec& format) {
  return session_.build(format);
}

QUANTLENS_INLINE EngineOptions SessionProvider::engine_options(const BenchOptions& options) {
  EngineOptions engine;
  engine.threads = options.threads.value_or(available_threads());
  engine.batch = options.batch;
  if (options.chunk) engine.chunk = *options.chunk;
  engine.shared_prefix = options.shared_prefix;
  return engine;
}

}  // namespace quantlens::inline QUANTLENS_ABI
