/// All cells of a run: what has been measured, with its baseline, whoever asked for it.
#pragma once

#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "quantlens/bench/model_provider.hpp"
#include "quantlens/bench/plan.hpp"
#include "quantlens/bench/run.hpp"
#include "quantlens/bench/summaries.hpp"

namespace quantlens::inline v0_1 {

/// A model file and what is worth keeping of it in memory: `full`, once somebody asked for it, and the last other
/// format.
class ModelPool {
 public:
  explicit ModelPool(ModelProvider& provider) : provider_(provider), sha256_(provider.sha256()) {}

  [[nodiscard]] ModelProvider& provider() const { return provider_; }
  [[nodiscard]] const std::string& sha256() const { return sha256_; }

  [[nodiscard]] std::shared_ptr<BenchModel> get(const std::string& format) {
    if (format == "full") {
      if (!full_) full_ = provider_.build(format);
      return full_;
    }
    if (last_format_ != format) {
      last_.reset();  // before the next one is built: two would not fit where one does
      last_format_.clear();
      last_ = provider_.build(format);
      last_format_ = format;
    }
    return last_;
  }

 private:
  ModelProvider& provider_;
  std::string sha256_;
  std::shared_ptr<BenchModel> full_, last_;
  std::string last_format_;
};

/// What deltas compare with.
struct Baseline {
  ModelPool& pool;
  std::string format;
};

/// One row of the results.
struct Row {
  Cell cell;
  std::size_t repetition = 0;
  const CellOutcome* outcome = nullptr;
  std::string error;  ///< why the cell failed; empty: ok
  nlohmann::json scheme;
  PromptSet prompts = PromptSet::plain;
  std::vector<MetricSummary> metrics;  ///< empty where the cell failed
};

/// Measures cells on demand, each once, and keeps the rows that were asked for.
class Sweep {
 public:
  Sweep(const Plan& plan, RunContext context, ModelPool& model, Baseline baseline, std::uint64_t seed)
      : plan_(plan), context_(std::move(context)), model_(model), baseline_(baseline), seed_(seed) {}

  /// The row of a cell, with its deltas; measures the baseline's cell too where that has not happened.
  /// Errors: JournalError, Interrupted; any other failure is the row's `error`.
  const Row& measure(const Cell& cell, std::size_t repetition) {
    for (const auto& row : rows_)
      if (row->cell == cell && row->repetition == repetition) return *row;
    auto row = std::make_unique<Row>();
    row->cell = cell;
    row->repetition = repetition;
    row->scheme = model_.provider().scheme(cell.format);
    row->prompts = prompts_of(model_, cell);
    row->outcome = &outcome(model_, cell, repetition);
    row->error = row->outcome->error;
    const CellOutcome& baseline = outcome(baseline_.pool, {cell.what, baseline_.format}, repetition);
    if (!baseline.error.empty()) baseline_error_ = baseline.error;
    if (row->error.empty()) summarize(*row, &baseline == row->outcome ? nullptr : &baseline);
    rows_.push_back(std::move(row));
    return *rows_.back();
  }

  /// The rows so far, corrected over the formats of each task and repetition.
  [[nodiscard]] const std::vector<std::unique_ptr<Row>>& finished_rows() {
    std::map<std::pair<TaskProtocol, std::size_t>, std::vector<std::vector<MetricSummary>*>> groups;
    for (const auto& row : rows_) groups[{row->cell.what, row->repetition}].push_back(&row->metrics);
    for (const auto& [what, group] : groups) correct_over_formats(group);
    return rows_;
  }

  /// Why deltas are missing; empty where every baseline cell was measured.
  [[nodiscard]] const std::string& baseline_error() const { return baseline_error_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }

 private:
  void summarize(Row& row, const CellOutcome* baseline) const {
    const auto paired = baseline == nullptr ? std::span<const ItemRecord>() : std::span(baseline->records);
    try {
      row.metrics = summarize_records(row.outcome->records, paired, plan_.task_of(row.cell).protocol->metrics(),
                                      seed_of(seed_, row.cell.what.name(), row.repetition));
    } catch (const std::exception& error) {
      row.error = error.what();
    }
  }

  /// Each model is asked with its own prompts, the baseline, too.
  [[nodiscard]] PromptSet prompts_of(const ModelPool& pool, const Cell& cell) const {
    return choose_prompts(plan_.task_of(cell).task->task(), plan_.prompts, pool.provider().own_name());
  }

  const CellOutcome& outcome(ModelPool& pool, const Cell& cell, std::size_t repetition) {
    auto [found, is_new] = outcomes_.try_emplace({&pool, cell, repetition});
    if (!is_new) return found->second;
    try {
      found->second = compute(pool, cell, repetition);
    } catch (const JournalError&) {
      outcomes_.erase(found);
      throw;
    } catch (const Interrupted&) {
      outcomes_.erase(found);
      throw;
    } catch (const std::exception& error) {
      found->second.error = error.what();
    }
    return found->second;
  }

  CellOutcome compute(ModelPool& pool, const Cell& cell, std::size_t repetition) {
    const PlannedTask& task = plan_.task_of(cell);
    const PromptSet prompts = prompts_of(pool, cell);
    CellIdentity identity;
    identity.model_sha256 = pool.sha256();
    identity.format = cell.format;
    identity.scheme = pool.provider().scheme(cell.format);
    identity.isa = pool.provider().isa();
    identity.task = cell.what.task;
    identity.task_sha256 = task.task_sha256;
    identity.prompts = prompt_set_name(prompts);
    identity.protocol = cell.what.protocol;
    identity.seed = seed_;
    identity.repetition = repetition;
    MeteredModel model([&] { return pool.get(cell.format); });
    MeteredModel full([&] { return pool.get("full"); });
    return run_cell({cell, task.task->under(prompts), *task.protocol, task.items, std::move(identity)}, context_, model,
                    full);
  }

  const Plan& plan_;
  RunContext context_;
  ModelPool& model_;
  Baseline baseline_;
  std::uint64_t seed_;
  std::map<std::tuple<ModelPool*, Cell, std::size_t>, CellOutcome> outcomes_;
  std::vector<std::unique_ptr<Row>> rows_;
  std::string baseline_error_;
};

}  // namespace quantlens::inline v0_1
