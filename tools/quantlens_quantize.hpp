/// quantlens quantize: writes a model in another format.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "quantlens/app/progress.hpp"
#include "quantlens/checkpoints/blocks.hpp"
#include "quantlens/checkpoints/gguf.hpp"
#include "quantlens/checkpoints/write.hpp"
#include "quantlens/convert/quantize_weights.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/io/partial_folder.hpp"
#include "quantlens/isa/isa.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens/version.hpp"
#include "quantlens_command.hpp"

namespace quantlens::tool {

struct QuantizeCommand {
  EngineCommandOptions engine;
  std::string out;

  void add_to(CLI::App& command) {
    engine.add_to(command);
    add_path_option(command, "--out", "A new folder, or for gguf-* formats a new .gguf file", out, "PATH")->required();
  }

  void run(std::ostream& report) const {
    const FormatSpec format = parse_format(engine.format);
    check_format(format);
    const InterruptGuard guard;
    PartialFolder partial(out);
    const ModelSession session(engine.model.path, engine.engine, engine.calibration);
    print_notes(session.file());
    if (!is_gguf(format.method)) require_checkpoint_source(session.file());
    partial.begin(run_of(session, format));
    if (is_gguf(format.method))
      write_gguf_model(session.file(), partial.output(), {gguf_type(format), GgmlType::f16});
    else
      write_folder(session, format, partial);
    partial.publish();
    report << nlohmann::ordered_json{{"format", format.name()}, {"out", out}}.dump(
                  -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
           << '\n';
  }

 private:
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
  static void check_format(const FormatSpec& format) {
    if (!is_gguf(format.method) && !chooses_codes(format.method))
      throw InputError("usage", concat(format.name(), " changes nothing; choose a format that quantizes"));
    if (format.method == Method::hqq)
      throw InputError("usage", "no checkpoint format holds hqq's zero points, which are no integers; use gptq or rtn");
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

  /// Everything that the blocks depend on. Kernels round their sums in their own ways.
  [[nodiscard]] static nlohmann::json run_of(const ModelSession& session, const FormatSpec& format) {
    nlohmann::json run{{"version", QUANTLENS_VERSION},
                       {"model_sha256", session.file().sha256},
                       {"format", format.name()},
                       {"isa", isa_name(session.kernels().isa)}};
    if (!format.needs_calibration()) return run;
    const Calibration& calibration = session.calibration();
    run["calibration"] = {
        {"sha256", calibration.sha256}, {"sequences", calibration.sequences.size()}, {"length", calibration.length}};
    return run;
  }

  static void write_folder(const ModelSession& session, const FormatSpec& format, const PartialFolder& partial) {
    const ModelFile& source = session.file();
    const CheckpointFormat checkpoint = checkpoint_format(format);
    const BlockStore store(partial.folder(), checkpoint, source.weights.config);
    const std::size_t n_before = store.n_finished(), n_blocks = source.weights.config.n_layers;
    if (n_before > 0)
      std::cerr << printable(partial.folder().string()) << ": going on behind " << n_before << " finished blocks\n";
    Progress progress = Progress::on_terminal(std::cerr, "blocks");
    BuildOptions build;
    build.threads = session.options().threads;
    if (format.needs_calibration()) build.calibration = &session.calibration();
    build.progress = [&](std::size_t n_done, std::size_t) {
      progress.update(format.name(), n_done, n_blocks, n_done - std::min(n_done, n_before));
    };
    try {
      ModelFile quantized = source;
      quantized.weights = quantize(source.weights, format, session.kernels(), build, &store);
      write_checkpoint(quantized, partial.output(), checkpoint);
    } catch (const Interrupted&) {
      progress.clear();
      if (format.needs_calibration())
        std::cerr << store.n_finished() << " of " << n_blocks
                  << " blocks are finished; the same command goes on behind them\n";
      throw;
    }
  }
};

}  // namespace quantlens::tool
