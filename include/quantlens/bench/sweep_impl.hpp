/// What sweep.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/bench/sweep.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/protocols/row_metrics.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE Sweep::Sweep(const Plan& plan, RunContext context, ModelPool& model, Baseline baseline,
                              std::uint64_t seed)
    : plan_(plan), context_(std::move(context)), model_(model), baseline_(std::move(baseline)), seed_(seed) {}

QUANTLENS_INLINE void Sweep::run(std::span<const Cell> cells, std::size_t repetitions,
                                 const std::function<void(const Row&)>& on_row) {
  const double budget_mib = context_.host.free_mib() / 2;
  double kept_mib = 0;
  std::vector<Row*> in_turn;
  for (std::size_t i = 0; i < cells.size();) {
    const NamedFormat& format = cells[i].format;
    std::vector<Row*> of_format;
    for (; i < cells.size() && cells[i].format == format; ++i)
      for (std::size_t repetition = 0; repetition < repetitions; ++repetition) {
        of_format.push_back(&measure(cells[i], repetition));
        on_row(*of_format.back());
      }
    const double mib = weight_mib(of_format);
    if (format.is_full() || kept_mib + mib <= budget_mib) {
      kept_mib += mib;
      in_turn.insert(in_turn.end(), of_format.begin(), of_format.end());
      continue;
    }
    time(of_format, true);
    model_.release(format);
  }
  time(in_turn, false);
}

QUANTLENS_INLINE Row& Sweep::measure(const Cell& cell, std::size_t repetition) {
  for (const auto& row : rows_)
    if (row->cell == cell && row->repetition == repetition) return *row;
  auto row = std::make_unique<Row>();
  row->cell = cell;
  row->repetition = repetition;
  row->scheme = model_.provider().scheme(cell.format.spec());
  row->prompts = plan_.task_of(cell).prompts;
  row->outcome = &outcome(model_, cell, repetition);
  row->error = row->outcome->error;
  const bool is_compared = has_baseline(*row);
  if (row->error.empty()) summarize(*row, is_compared);
  rows_.push_back(std::move(row));
  return *rows_.back();
}

QUANTLENS_INLINE const std::vector<std::unique_ptr<Row>>& Sweep::finished_rows() {
  std::map<std::pair<TaskProtocol, std::size_t>, std::vector<std::vector<MetricSummary>*>> groups;
  for (const auto& row : rows_) groups[{row->cell.what, row->repetition}].push_back(&row->metrics);
  for (const auto& [what, group] : groups) correct_over_formats(group);
  return rows_;
}

QUANTLENS_INLINE bool Sweep::has_baseline(Row& row) {
  row.no_deltas = plan_.task_of(row.cell).differs;
  if (!row.no_deltas.empty()) return false;
  const CellOutcome& baseline = outcome(baseline_.pool, {row.cell.what, baseline_.format}, row.repetition);
  if (!baseline.error.empty()) baseline_error_ = baseline.error;
  if (&baseline == row.outcome) return false;
  if (!baseline.error.empty()) row.no_deltas = concat("the baseline failed: ", baseline.error);
  return baseline.error.empty();
}

QUANTLENS_INLINE void Sweep::summarize(Row& row, bool is_compared) {
  const Cell baseline{row.cell.what, baseline_.format};
  try {
    const std::vector<ItemRecord> records = records_of(model_, row.cell, row.repetition);
    const std::vector<ItemRecord> paired =
        is_compared ? records_of(baseline_.pool, baseline, row.repetition) : std::vector<ItemRecord>();
    row.metrics = summarize_records(records, paired, row_metrics(*plan_.task_of(row.cell).protocol),
                                    seed_of(seed_, row.cell.what.name(), row.repetition));
    row.n = records.size();
    row.groups = group_means(records);
  } catch (const std::exception& error) {
    if (is_of_journal(error)) throw;
    row.error = error.what();
  }
}

QUANTLENS_INLINE const CellOutcome& Sweep::outcome(ModelPool& pool, const Cell& cell, std::size_t repetition) {
  auto [found, is_new] = outcomes_.try_emplace({&pool, cell, repetition});
  if (!is_new) return found->second;
  try {
    found->second = compute(pool, cell, repetition);
    // Only the first repetition is ranked, by its items; those of the others would fill the memory.
    if (repetition > 0) found->second.records = std::vector<ItemRecord>();
  } catch (const Interrupted&) {
    outcomes_.erase(found);
    throw;
  } catch (const std::exception& error) {
    if (is_of_journal(error)) {
      outcomes_.erase(found);
      throw;
    }
    found->second.error = error.what();
  }
  return found->second;
}

QUANTLENS_INLINE std::vector<ItemRecord> Sweep::records_of(ModelPool& pool, const Cell& cell, std::size_t repetition) {
  if (repetition == 0) return outcome(pool, cell, repetition).records;
  std::vector<ItemRecord> records;
  std::vector<FailedItem> failed;
  bench_detail::read_items(work_of(pool, cell, repetition), context_, records, failed);
  return records;
}

QUANTLENS_INLINE CellWork Sweep::work_of(const ModelPool& pool, const Cell& cell, std::size_t repetition) const {
  const PlannedTask& task = plan_.task_of(cell);
  CellIdentity identity;
  identity.model_sha256 = pool.sha256();
  identity.format = cell.format.name();
  identity.scheme = pool.provider().scheme(cell.format.spec());
  identity.isa = pool.provider().isa();
  identity.task = cell.what.task;
  identity.task_sha256 = task.task_sha256;
  identity.prompts = prompt_set_name(task.prompts);
  identity.protocol = cell.what.protocol;
  identity.protocol_version = task.protocol->version();
  identity.protocol_options = task.protocol->options().values();
  const ModelNeeds needs = task.protocol->needs();
  if (needs.judge) identity.judge = context_.judge.identity;
  if (needs.encoder) identity.second_models["encoder"] = context_.second.encoder_sha256;
  if (needs.scorer) identity.second_models["scorer"] = context_.second.scorer_sha256;
  if (needs.fluency && context_.second.fluency != nullptr)
    identity.second_models["fluency"] = context_.second.fluency_sha256;
  if (const std::string others = task.protocol->depends_on(task.asked()); !others.empty())
    identity.depends_on = json_sha256(others);
  identity.seed = seed_;
  identity.repetition = repetition;
  return {cell,           task.asked(),        *task.protocol,
          task.items,     std::move(identity), needs.judge ? context_.judge.model.get() : nullptr,
          context_.second};
}

QUANTLENS_INLINE MeteredModel Sweep::metered(ModelPool& pool, const NamedFormat& format) const {
  return MeteredModel([&pool, format] { return pool.get(format); }, context_.host.seconds);
}

QUANTLENS_INLINE CellOutcome Sweep::compute(ModelPool& pool, const Cell& cell, std::size_t repetition) {
  MeteredModel model = metered(pool, cell.format), full = metered(pool, NamedFormat());
  return run_cell(work_of(pool, cell, repetition), context_, model, full, pool.others_mib(cell.format));
}

QUANTLENS_INLINE double Sweep::weight_mib(const std::vector<Row*>& rows) {
  double mib = 0;
  for (const Row* row : rows)
    if (row->outcome->sizes) mib = std::max(mib, row->outcome->sizes->mib);
  return mib;
}

QUANTLENS_INLINE void Sweep::time(const std::vector<Row*>& rows, bool apart) {
  std::vector<Row*> timed;
  std::vector<std::unique_ptr<TimedRow>> work;
  for (Row* row : rows) {
    if (!row->error.empty()) continue;
    CellWork cell = work_of(model_, row->cell, row->repetition);
    if (cell.judge != nullptr) cell.judge = &silent_judge_;
    std::vector<Item> items = bench_detail::answered_items(cell, *row->outcome);
    items.resize(std::min(context_.latency.items, items.size()));
    timed.push_back(row);
    work.push_back(std::make_unique<TimedRow>(TimedRow{
        std::move(cell), std::move(items), metered(model_, row->cell.format), metered(model_, NamedFormat())}));
  }
  time_rows(work, context_, apart);
  for (std::size_t i = 0; i < timed.size(); ++i) {
    timed[i]->latency = work[i]->latency;
    if (!work[i]->error.empty()) timed[i]->error = work[i]->error;
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
