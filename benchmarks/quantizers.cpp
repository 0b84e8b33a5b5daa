/// What quantizers cost and what they keep: time and memory of quantizing, distortion of each block's outputs, and how
/// far next-token predictions move from those of full precision. Full and format run side by side; no logits are
/// stored. `--help` lists the options. Exit status: 0, 1 where a format failed, 2 for wrong use or bad input.
#include <benchmark/benchmark.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "quantlens/app/bench_program.hpp"
#include "quantlens/app/command_line.hpp"
#include "quantlens/app/engine_options.hpp"
#include "quantlens/app/program.hpp"
#include "quantlens/app/progress.hpp"
#include "quantlens/bench/fidelity.hpp"
#include "quantlens/bench/journal.hpp"
#include "quantlens/bench/keys.hpp"
#include "quantlens/bench/manifest.hpp"
#include "quantlens/bench/memory.hpp"
#include "quantlens/bench/register.hpp"
#include "quantlens/bench/results.hpp"
#include "quantlens/bench/session_provider.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/io/truncated_file.hpp"
#include "quantlens/models/probe_text.hpp"
#include "quantlens/report/benchmark_output.hpp"
#include "quantlens/report/plain_text.hpp"
#include "quantlens/report/text_table.hpp"
#include "quantlens/version.hpp"

namespace {

using namespace quantlens;
using Json = nlohmann::ordered_json;

constexpr const char* schema = "quantlens-quantizers/1";

struct Options {
  std::string model = "refworld-faithful";
  std::filesystem::path text, out;
  std::vector<std::string> formats{"bnb-int8",    "rtn-w8-g128",  "gptq-w8-g128", "bnb-nf4",
                                   "rtn-w4-g128", "hqq-w4-g128",  "gptq-w4-g128", "awq-w4-g128",
                                   "rtn-w3-g128", "gptq-w3-g128", "rtn-w2-g128"};
  std::size_t context = 512, sequences = 1000, distortion_windows = 4, threads = available_threads();
  CalibrationOptions calibration;
  std::vector<std::string> benchmark_arguments;

  void add_to(CLI::App& app) {
    lay_out_help(app);
    app.set_version_flag("--version", "quantlens quantizers " QUANTLENS_VERSION);
    add_path_option(app, "--model", "A .gguf file, a Hugging Face folder or a reference model", model, "MODEL");
    add_list_option(app, "--formats", "Separated by commas", formats);
    add_path_option(app, "--text",
                    "Plain text, or JSON lines: texts, prompts with completions, or chats, whose last message counts; "
                    "default: ours",
                    text);
    add_count_option(app, "--context", "Tokens of a window of plain text", context, {2, size_range.most});
    add_count_option(app, "--sequences", "At most so many windows or rows of it", sequences, size_range);
    add_calibration_options(app, calibration);
    add_count_option(app, "--distortion-windows", "Calibration windows that distortion is measured on",
                     distortion_windows, size_range);
    add_threads_option(app, threads);
    add_path_option(app, "--out", "A folder for quantizers.json and the journal, from which a run resumes", out, "DIR");
    app.footer("--benchmark_* flags go to Google Benchmark; its names are quantizers/fidelity/FORMAT.");
  }
};

struct ProbeText {
  std::string name, sha256;
  std::vector<ScoreRequest> sequences;
};

/// Errors: InputError "text" where there is nothing to predict.
ProbeText read_probe(const Options& options, const ModelSession& session) {
  const std::filesystem::path file =
      options.text.empty() ? find_data_folder("reference_models") / "calibration" / "probe.jsonl" : options.text;
  return {file.filename().string(), sha256_hex(MappedFile::open(file).bytes()),
          probe_sequences(file, session.encoder(), options.context, options.sequences)};
}

Json token_mean_json(const TokenMean& estimate) {
  return {{"value", estimate.value},
          {"lo", estimate.interval ? Json(estimate.interval->lo) : Json()},
          {"hi", estimate.interval ? Json(estimate.interval->hi) : Json()}};
}

/// One model under all formats, full precision beside each.
class Comparison {
 public:
  explicit Comparison(const Options& options)
      : options_(options),
        session_(find_model(options.model), engine_options(options), options.calibration),
        probe_(read_probe(options, session_)),
        full_(session_.build_transformer(parse_format("full"))) {
    const auto& calibration = session_.calibration().sequences;
    const std::size_t n = std::min(options.distortion_windows, calibration.size());
    distortion_text_.assign(calibration.begin(), calibration.begin() + static_cast<std::ptrdiff_t>(n));
  }

  [[nodiscard]] Json manifest() const {
    return {{"version", QUANTLENS_VERSION},
            {"cpu", cpu_name()},
            {"isa", isa_name(session_.kernels().isa)},
            {"threads", options_.threads},
            {"model", session_.file().name},
            {"model_sha256", session_.file().sha256},
            {"text",
             {{"file", probe_.name},
              {"sha256", probe_.sha256},
              {"sequences", probe_.sequences.size()},
              {"length", options_.context}}},
            {"calibration", calibration_json(session_.calibration())},
            {"distortion_windows", distortion_text_.size()}};
  }

  /// Errors: those of the quantizers.
  [[nodiscard]] Json measure(const FormatSpec& format) {
    const bool can_reset = reset_peak_memory();
    const std::optional<double> before = peak_memory_mib();
    const auto begin = std::chrono::steady_clock::now();
    Transformer model = build(format);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    const std::optional<double> peak = can_reset ? peak_memory_mib() : std::nullopt;

    const ModelWeight weight = weigh(model, !session_.file().weights.lm_head.has_value());
    const Distortion distortion =
        measure_distortion(session_.file().weights, full_, model, distortion_text_, options_.threads);
    const Agreement agreement = measure_agreement(full_, model, probe_.sequences, options_.threads);
    return {{"format", format.name()},
            {"scheme", scheme_json(format)},
            {"seconds", elapsed.count()},
            {"peak_mib", before && peak ? Json(*peak - *before) : Json()},
            {"weight_mib", weight.mib},
            {"bits_per_weight", weight.bits_per_weight},
            {"relative_error", distortion.relative_error},
            {"worst_relative_error", distortion.worst_relative_error},
            {"snr_db", distortion.snr_db ? Json(*distortion.snr_db) : Json()},
            {"n", agreement.n_tokens},
            {"full_perplexity", agreement.full_perplexity},
            {"perplexity", agreement.perplexity},
            {"nll_increase", token_mean_json(agreement.nll_increase)},
            {"kl", token_mean_json(agreement.kl)},
            {"top1", token_mean_json(agreement.top1)}};
  }

 private:
  static EngineOptions engine_options(const Options& options) {
    EngineOptions engine;
    engine.threads = options.threads;
    return engine;
  }

  [[nodiscard]] Transformer build(const FormatSpec& format) {
    Progress progress = Progress::on_terminal(std::cerr, "blocks");
    return session_.build_transformer(format, [&](std::size_t n_done, std::size_t n_blocks) {
      progress.update(format.name(), n_done, n_blocks, n_done);
    });
  }

  const Options& options_;
  ModelSession session_;
  ProbeText probe_;
  Transformer full_;
  std::vector<std::vector<TokenId>> distortion_text_;
};

TextColumn column(const std::vector<Json>& rows, const char* header, const char* field, int digits) {
  TextColumn result{header, {}, true};
  for (const Json& row : rows) {
    const Json& value = row[field];
    const Json& number = value.is_object() ? value["value"] : value;
    std::string cell = number.is_null() ? "-" : report_detail::decimal(number.get<double>(), digits);
    if (value.is_object() && !value["lo"].is_null())
      cell += concat(" [", report_detail::decimal(value["lo"].get<double>(), digits), ", ",
                     report_detail::decimal(value["hi"].get<double>(), digits), "]");
    result.cells.push_back(std::move(cell));
  }
  return result;
}

std::string render_table(const std::vector<Json>& rows) {
  if (rows.empty()) return {};
  TextColumn names{"format", {}, false};
  for (const Json& row : rows) names.cells.push_back(row["format"].get<std::string>());
  return render_columns(
      {names, column(rows, "bits/weight", "bits_per_weight", 2), column(rows, "weight MiB", "weight_mib", 1),
       column(rows, "seconds", "seconds", 1), column(rows, "peak MiB", "peak_mib", 0),
       column(rows, "block error", "relative_error", 4), column(rows, "worst", "worst_relative_error", 4),
       column(rows, "SNR dB", "snr_db", 1), column(rows, "perplexity", "perplexity", 3),
       column(rows, "KL to full, nats", "kl", 4), column(rows, "top-1 as full", "top1", 3)},
      200);
}

BenchmarkReport benchmark_report(const Json& row) {
  BenchmarkReport report;
  report.seconds = row["seconds"];
  for (const auto& [key, value] : row.items()) {
    const Json& number = value.is_object() && value.contains("value") ? value["value"] : value;
    if (number.is_number()) report.counters[key] = number.get<double>();
  }
  return report;
}

int run(const Options& options) {
  std::vector<Cell> cells;
  for (const std::string& format : options.formats)
    bench_detail::add_once(cells, Cell{{"quantizers", "fidelity"}, parse_format(format)});
  report_detail::initialize_benchmark(options.benchmark_arguments);
  check_benchmark_path(options.benchmark_arguments);
  cells = filtered_cells(std::move(cells), benchmark::GetBenchmarkFilter());

  Comparison comparison(options);
  const Json manifest = comparison.manifest();
  std::optional<Journal> journal;
  if (!options.out.empty()) {
    std::filesystem::create_directories(options.out);
    journal.emplace(options.out / "formats.jsonl");
  }
  std::vector<Json> rows, failed;
  const auto measure = [&](const Cell& cell) -> BenchmarkReport {
    InterruptGuard::check();
    const std::string key = json_sha256({{"manifest", manifest}, {"format", cell.format.name()}});
    const auto earlier = journal ? journal->find("format", key) : std::vector<nlohmann::json>();
    if (!earlier.empty()) {
      rows.push_back(earlier.back()["row"]);
      return benchmark_report(rows.back());
    }
    try {
      rows.push_back(comparison.measure(cell.format.spec()));
    } catch (const InputError& error) {
      failed.push_back({{"format", cell.format.name()}, {"error", error.what()}});
      return {error.what(), 0, {}};
    }
    if (journal) {
      const nlohmann::json line{{"kind", "format"}, {"key", key}, {"row", rows.back()}};
      journal->append({&line, 1});
    }
    return benchmark_report(rows.back());
  };
  int interrupted_by = 0;
  std::vector<ReportedCell> reported;
  {
    const InterruptGuard guard;
    try {
      for (const Cell& cell : cells) reported.push_back({cell, {measure(cell)}});
    } catch (const Interrupted& interrupted) {
      interrupted_by = interrupted.signal;
    }
  }
  if (!options.out.empty())
    write_results(options.out / "quantizers.json",
                  {{"schema", schema}, {"manifest", manifest}, {"rows", rows}, {"failed", failed}});
  report_benchmarks(reported, 1, options.benchmark_arguments, std::cout);
  if (has_own_console(options.benchmark_arguments)) std::cout << render_table(rows) << std::flush;
  for (const Json& failure : failed) std::cerr << failure["error"].get<std::string>() << '\n';
  if (interrupted_by != 0) return 128 + interrupted_by;
  return failed.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Time, memory, distortion and agreement with full precision of each quantization format.", "quantizers");
  options.add_to(app);
  install_truncated_file_handler();
  return run_program(std::cout, std::cerr, "", [&] {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (const auto text = parse_command_line(app, arguments, &options.benchmark_arguments)) {
      std::cout << *text;
      return 0;
    }
    return run(options);
  });
}
