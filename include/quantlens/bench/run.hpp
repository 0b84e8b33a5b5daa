/// One cell's quality phase, computed: what the journal holds is served, the rest is run slice by slice and written
/// down.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "quantlens/bench/cell.hpp"
#include "quantlens/bench/metered_model.hpp"
#include "quantlens/bench/work.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Everything that a row says of one cell but its latency, taken from the journal alone.
struct CellOutcome {
  std::string error;                ///< empty: ok
  std::vector<ItemRecord> records;  ///< of the items that did not fail, in the items' order
  std::vector<FailedItem> failed;
  double seconds = 0;  ///< quality phase, as journalled
  std::optional<double> items_per_second, prompt_tokens_per_second, generated_tokens_per_second;
  std::optional<double> peak_mib;  ///< of the process
  std::optional<double> own_mib;   ///< of the format alone
  std::optional<ModelWeight> sizes;
};

namespace bench_detail {

/// What the journal has of the items of a finished cell, in their order: records, and why there is none.
void read_items(const CellWork& work, const RunContext& context, std::vector<ItemRecord>& records,
                std::vector<FailedItem>& failed);

/// The items without those that failed.
std::vector<Item> answered_items(const CellWork& work, const CellOutcome& outcome);

}  // namespace bench_detail

/// Computes a cell's quality phase and reads its outcome back from the journal, so that an interrupted and resumed run
/// gives the scores of an uninterrupted one. The model is built only where something is missing; the peak of its memory
/// counts from when it is built, less `others_mib`, which the weights of formats take that this cell does not need. An
/// item that fails by its own fault is left out; the outcome has an error where too many do. Errors: whatever the
/// protocol or the journal throws; Interrupted between slices.
[[nodiscard]] CellOutcome run_cell(const CellWork& work, const RunContext& context, MeteredModel& model,
                                   MeteredModel& full, double others_mib = 0);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/run_impl.hpp"
#endif
