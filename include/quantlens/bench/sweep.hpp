/// All cells of a run: what has been measured, with its baseline, whoever asked for it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "quantlens/bench/group_means.hpp"
#include "quantlens/bench/latency_rounds.hpp"
#include "quantlens/bench/model_pool.hpp"
#include "quantlens/bench/plan.hpp"
#include "quantlens/bench/run.hpp"
#include "quantlens/bench/summaries.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What deltas compare with.
struct Baseline {
  ModelPool& pool;
  NamedFormat format;
};

/// One row of the results.
struct Row {
  Cell cell;
  std::size_t repetition = 0;
  const CellOutcome* outcome = nullptr;
  std::string error;  ///< why the cell failed; empty: ok
  nlohmann::json scheme;
  PromptSet prompts = PromptSet::plain;
  std::size_t n = 0;                   ///< items that did not fail; 0 where the cell failed
  std::string no_deltas;               ///< why nothing is compared with the baseline, which it should be; else empty
  std::vector<MetricSummary> metrics;  ///< empty where the cell failed
  std::map<std::string, GroupMeans> groups;
  LatencyResult latency;  ///< filled in once the cell's format was timed
};

/// Measures cells, each once, and keeps the rows that were asked for.
class Sweep {
 public:
  Sweep(const Plan& plan, RunContext context, ModelPool& model, Baseline baseline, std::uint64_t seed);

  /// Everything about these cells, which come format by format: quality first, then the times of all formats in turn,
  /// while all of them are in memory. Formats that would fill more than half of the memory that is free now are
  /// timed apart instead, as soon as their quality is measured, and then given up. `on_row` is told each row as soon as
  /// its quality is known. Errors: as `measure`; the rows so far stay.
  void run(std::span<const Cell> cells, std::size_t repetitions, const std::function<void(const Row&)>& on_row);

  /// The row of a cell, with its deltas but without its times; measures the baseline's cell too where that has not
  /// happened. Errors: JournalError, Interrupted; any other failure is the row's `error`.
  Row& measure(const Cell& cell, std::size_t repetition);

  /// The rows so far, corrected over the formats of each task and repetition.
  [[nodiscard]] const std::vector<std::unique_ptr<Row>>& finished_rows();

  /// Why a baseline's cell failed, of one of them; empty where none did.
  [[nodiscard]] const std::string& baseline_error() const { return baseline_error_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }

 private:
  /// Whether there is another row that deltas are to: not for the baseline itself, nor where there is no comparison,
  /// which `no_deltas` says then. Prompts that differ are none.
  bool has_baseline(Row& row);

  void summarize(Row& row, bool is_compared);

  const CellOutcome& outcome(ModelPool& pool, const Cell& cell, std::size_t repetition);

  std::vector<ItemRecord> records_of(ModelPool& pool, const Cell& cell, std::size_t repetition);

  CellWork work_of(const ModelPool& pool, const Cell& cell, std::size_t repetition) const;

  MeteredModel metered(ModelPool& pool, const NamedFormat& format) const;

  CellOutcome compute(ModelPool& pool, const Cell& cell, std::size_t repetition);

  static double weight_mib(const std::vector<Row*>& rows);

  /// Fills in `latency`; a row that cannot be timed has failed.
  void time(const std::vector<Row*>& rows, bool apart);

  const Plan& plan_;
  RunContext context_;
  ModelPool& model_;
  Baseline baseline_;
  std::uint64_t seed_;
  std::map<std::tuple<ModelPool*, Cell, std::size_t>, CellOutcome> outcomes_;
  std::vector<std::unique_ptr<Row>> rows_;
  std::string baseline_error_;
  MeteredModel silent_judge_{[] { return std::make_shared<SilentJudge>(); }};  ///< while times are taken
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/sweep_impl.hpp"
#endif
