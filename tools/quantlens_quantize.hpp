/// quantlens quantize: writes a model in another format.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "quantlens/core/error.hpp"
#include "quantlens/runtime/model_session.hpp"
#include "quantlens/runtime/quantized_weights.hpp"
#include "quantlens/weights/checkpoint_gguf.hpp"
#include "quantlens/weights/checkpoint_write.hpp"
#include "quantlens_command.hpp"

namespace quantlens::tool {

struct QuantizeCommand {
  EngineCommandOptions engine;
  std::string out;

  void add_to(CLI::App& command) {
    engine.add_to(command);
    command.add_option("--out", out, "A new folder, or for gguf-* formats a new .gguf file")->required();
  }

  void run(std::ostream& report) const {
    const FormatSpec format = parse_format(engine.format);
    check_target(format);
    ModelSession session(engine.model.path, engine.engine, engine.calibration);
    BuildOptions build;
    build.threads = engine.engine.threads;
    if (format.needs_calibration()) build.calibration = &session.calibration();
    if (isatty(STDERR_FILENO) == 1) build.progress = show_progress;
    ModelFile quantized = session.file();
    if (is_gguf(format.method))
      write_gguf_model(quantized, out, {gguf_type(format), GgmlType::f16});
    else
      write(quantized, session, format, build);
    report << nlohmann::ordered_json{{"format", format.name()}, {"out", out}}.dump() << '\n';
  }

 private:
  static void show_progress(std::size_t n_done, std::size_t n_blocks) {
    std::cerr << "\r\x1b[K" << n_done << "/" << n_blocks << " blocks" << (n_done == n_blocks ? "\r\x1b[K" : "")
              << std::flush;
  }

  [[nodiscard]] static GgmlType gguf_type(const FormatSpec& format) {
    switch (format.method) {
      case Method::gguf_q4_0:
        return GgmlType::q4_0;
      case Method::gguf_q4_1:
        return GgmlType::q4_1;
      case Method::gguf_q8_0:
        return GgmlType::q8_0;
      default:
        return GgmlType::f16;
    }
  }

  /// What would only fail after minutes of work fails before it.
  void check_target(const FormatSpec& format) const {
    if (!is_gguf(format.method) && !chooses_codes(format.method))
      throw InputError("usage", concat(format.name(), " changes nothing; choose a format that quantizes"));
    if (format.method == Method::hqq)
      throw InputError("usage", "no checkpoint format holds hqq's zero points, which are no integers; use gptq or rtn");
    if (std::filesystem::exists(out)) throw InputError("usage", concat(out, " exists already; name a new one"));
    if (is_gguf(format.method) && !format.overrides.empty())
      throw InputError("usage", "a GGUF file is written in one format; leave the plan's patterns out");
  }

  [[nodiscard]] static CheckpointFormat checkpoint_format(const FormatSpec& format) {
    if (is_bnb_4bit(format.method)) return CheckpointFormat::bnb_4bit;
    if (format.method == Method::bnb_int8 || format.method == Method::int8_weight_only)
      return CheckpointFormat::bnb_int8;
    if (format.method == Method::awq && format.bits == 4 && !format.symmetric) return CheckpointFormat::awq;
    // Readers of the first version disagree about a zero point of 0.
    return format.symmetric ? CheckpointFormat::gptq : CheckpointFormat::gptq_v2;
  }

  void write(ModelFile& quantized, const ModelSession& session, const FormatSpec& format,
             const BuildOptions& build) const {
    quantized.weights = quantized_weights(session.file().weights, format, session.kernels(), build);
    write_checkpoint(quantized, out, checkpoint_format(format));
  }
};

}  // namespace quantlens::tool
