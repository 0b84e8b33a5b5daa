/// What run.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/bench/journal.hpp"
#include "quantlens/bench/keys.hpp"
#include "quantlens/bench/memory.hpp"
#include "quantlens/bench/run.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace bench_detail {

inline nlohmann::json line_of(const char* kind, const std::string& key, const CellWork& work) {
  return {{"kind", kind}, {"key", key}, {"cell", work.cell.name()}, {"repetition", work.identity.repetition}};
}

inline nlohmann::json item_line(const CellWork& work, const Item& item) {
  nlohmann::json line = line_of("item", item_key(cell_key(work.identity), item), work);
  line["item"] = item.id;
  return line;
}

/// Writes down an item's record, or why it has none.
inline void run_alone(const CellWork& work, const Item& item, const RunContext& context, MeteredModel& model,
                      MeteredModel& full) {
  InterruptGuard::check();
  nlohmann::json line = item_line(work, item);
  try {
    line["record"] = to_json(run_timed(work, {&item, 1}, model, full, context.host).records.front());
  } catch (const ItemError& error) {
    line["error"] = error.what();
  }
  context.journal.append({&line, 1});
  context.on_items(work.cell, 1, true);
}

/// Runs a slice and writes it down. Where one of its items fails each of them runs alone, and the slice has no times:
/// they would not be those of a batch.
inline void run_slice(const CellWork& work, std::span<const Item> slice, const RunContext& context, MeteredModel& model,
                      MeteredModel& full) {
  std::vector<nlohmann::json> lines;
  try {
    const TimedRun run = run_timed(work, slice, model, full, context.host);
    for (std::size_t i = 0; i < slice.size(); ++i) {
      lines.push_back(item_line(work, slice[i]));
      lines.back()["record"] = to_json(run.records[i]);
    }
    const EngineCounters& counters = run.meter.counters;
    lines.push_back(line_of("slice", timing_key(cell_key(work.identity), context.timing), work));
    lines.back().update({{"items", slice.size()},
                         {"seconds", run.seconds},
                         {"prompt_tokens", counters.prompt_tokens},
                         {"generated_tokens", counters.generated_tokens},
                         {"prompt_seconds", counters.prompt_seconds},
                         {"generate_seconds", counters.generate_seconds}});
    context.journal.append(lines);
    context.on_items(work.cell, slice.size(), true);
  } catch (const ItemError&) {
    for (const Item& item : slice) run_alone(work, item, context, model, full);
  }
}

/// Runs the items that the journal lacks; true where there were any.
inline bool run_quality_phase(const CellWork& work, const RunContext& context, MeteredModel& model,
                              MeteredModel& full) {
  const std::string cell = cell_key(work.identity);
  std::vector<Item> pending;
  for (const Item& item : work.items)
    if (!context.journal.contains("item", item_key(cell, item))) pending.push_back(item);
  if (pending.size() < work.items.size()) context.on_items(work.cell, work.items.size() - pending.size(), false);

  for (std::size_t begin = 0; begin < pending.size(); begin += context.timing.batch) {
    InterruptGuard::check();
    run_slice(
        work,
        std::span<const Item>(pending).subspan(begin).first(std::min(context.timing.batch, pending.size() - begin)),
        context, model, full);
  }
  return !pending.empty();
}

inline std::optional<double> rate(double amount, double seconds) {
  return amount > 0 && seconds > 0 ? std::optional(amount / seconds) : std::nullopt;
}

QUANTLENS_INLINE void read_items(const CellWork& work, const RunContext& context, std::vector<ItemRecord>& records,
                                 std::vector<FailedItem>& failed) {
  const std::string cell = cell_key(work.identity);
  for (const Item& item : work.items) {
    bool is_read = false;
    context.journal.for_each("item", item_key(cell, item), [&](const nlohmann::json& line) {
      if (std::exchange(is_read, true)) return;
      if (line.contains("record"))
        records.push_back(item_record_from_json(line["record"]));
      else
        failed.push_back({item.id, line.at("error").get<std::string>()});
    });
  }
}

inline void read_quality_phase(const CellWork& work, const RunContext& context, CellOutcome& outcome) {
  read_items(work, context, outcome.records, outcome.failed);

  double items = 0;
  EngineCounters total;
  const std::string slices = timing_key(cell_key(work.identity), context.timing);
  context.journal.for_each("slice", slices, [&](const nlohmann::json& line) {
    items += line.at("items").get<double>();
    outcome.seconds += line.at("seconds").get<double>();
    total += {line.at("prompt_tokens").get<std::uint64_t>(), line.at("generated_tokens").get<std::uint64_t>(),
              line.at("prompt_seconds").get<double>(), line.at("generate_seconds").get<double>()};
  });
  outcome.items_per_second = rate(items, outcome.seconds);
  outcome.prompt_tokens_per_second = rate(static_cast<double>(total.prompt_tokens), total.prompt_seconds);
  outcome.generated_tokens_per_second = rate(static_cast<double>(total.generated_tokens), total.generate_seconds);
}

/// "[quantlens.n_ctx] ...; 3 of 20 items failed (item-7, item-9, ...), more than ...": why the cell fails with them;
/// empty: few enough failed.
inline std::string why_too_few_answered(const CellOutcome& outcome, double max_failed_items) {
  constexpr std::size_t most_named = 3;
  const std::size_t n_failed = outcome.failed.size(), n_items = n_failed + outcome.records.size();
  if (!too_many_failed(n_failed, n_items, max_failed_items)) return {};
  std::string names;
  for (std::size_t i = 0; i < std::min(n_failed, most_named); ++i)
    names += (i == 0 ? "" : ", ") + printable(outcome.failed[i].id);
  return concat(outcome.failed.front().error, "; ", n_failed, " of ", n_items, " items failed (", names,
                n_failed > most_named ? ", ..." : "", "), more than the ", 100 * max_failed_items,
                " % that --max-failed-items allows");
}

/// Whether the journal lacks nothing that the cell will ask the model for.
inline bool is_complete(const CellWork& work, const RunContext& context) {
  const std::string cell = cell_key(work.identity);
  return std::all_of(work.items.begin(), work.items.end(),
                     [&](const Item& item) { return context.journal.contains("item", item_key(cell, item)); });
}

QUANTLENS_INLINE std::vector<Item> answered_items(const CellWork& work, const CellOutcome& outcome) {
  std::vector<Item> answered;
  auto failed = outcome.failed.begin();
  for (const Item& item : work.items)
    if (failed != outcome.failed.end() && failed->id == item.id)
      ++failed;
    else
      answered.push_back(item);
  return answered;
}

/// What of a cell's peak is the format's own: its weights, what its cells left behind, and what this one added to the
/// `resident` size with which it began; not the weights of `full`, where its judgement was needed. Units: MiB.
inline double own_memory_mib(MeteredModel& model, const MeteredModel& full, double resident, double peak) {
  MeasuredModel& format = model.model();
  const double own = format.weight().mib + format.kept_mib + std::max(0.0, peak - resident - full.built_mib());
  format.kept_mib += std::max(0.0, resident_memory_mib() - resident - full.built_mib());
  return own;
}

/// Journals what the built model weighs, once for each format.
inline void journal_sizes(const CellWork& work, const RunContext& context, MeteredModel& model) {
  const std::string key = format_key(work.identity);
  if (context.journal.contains("format", key)) return;
  const ModelWeight sizes = model.model().weight();
  const nlohmann::json line{{"kind", "format"},
                            {"key", key},
                            {"format", work.identity.format},
                            {"scheme", work.identity.scheme},
                            {"weight_mib", sizes.mib},
                            {"bits_per_weight", sizes.bits_per_weight},
                            {"bits_per_weight_model", sizes.bits_per_weight_model}};
  context.journal.append({&line, 1});
}

}  // namespace bench_detail

QUANTLENS_INLINE CellOutcome run_cell(const CellWork& work, const RunContext& context, MeteredModel& model,
                                      MeteredModel& full, double others_mib) {
  using namespace bench_detail;
  journal_sizes(work, context, model);
  if (!is_complete(work, context)) {
    model.model();
    if (work.judge != nullptr) static_cast<void>(work.judge->model());  // before memory is measured
  }
  const bool can_reset = reset_peak_memory();
  const double resident = resident_memory_mib();
  const bool computed = run_quality_phase(work, context, model, full);

  const std::string memory_key = timing_key(cell_key(work.identity), context.timing);
  if (const auto peak = peak_memory_mib(); can_reset && peak && computed) {
    nlohmann::json line = line_of("memory", memory_key, work);
    line["peak_mib"] = *peak - others_mib;
    line["own_mib"] = own_memory_mib(model, full, resident, *peak);
    context.journal.append({&line, 1});
  }

  CellOutcome outcome;
  read_quality_phase(work, context, outcome);
  outcome.error = why_too_few_answered(outcome, context.max_failed_items);
  context.journal.for_each("memory", memory_key, [&](const nlohmann::json& line) {
    outcome.peak_mib = std::max(outcome.peak_mib.value_or(0), line.at("peak_mib").get<double>());
    if (line.contains("own_mib"))  // lines of older versions lack it
      outcome.own_mib = std::max(outcome.own_mib.value_or(0), line["own_mib"].get<double>());
  });
  context.journal.for_each("format", format_key(work.identity), [&](const nlohmann::json& line) {
    if (!outcome.sizes)
      outcome.sizes = ModelWeight{line.at("weight_mib").get<double>(), line.at("bits_per_weight").get<double>(),
                                  line.at("bits_per_weight_model").get<double>()};
  });
  return outcome;
}

}  // namespace quantlens::inline QUANTLENS_ABI
