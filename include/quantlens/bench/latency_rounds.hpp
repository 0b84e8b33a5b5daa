/// The latency phase: all rows in turn, round by round, one item at a time, so that a busy minute slows all alike.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "quantlens/bench/latency.hpp"
#include "quantlens/bench/work.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A row whose items are to be timed.
struct TimedRow {
  CellWork work;            ///< of the whole row
  std::vector<Item> items;  ///< those that are timed
  MeteredModel model, full;
  LatencyResult latency = {};
  std::string error = {};  ///< why it could not be timed; empty: it could
  bool is_warm = false;    ///< this process has computed something of it
};

/// Times `rows`; see LatencyRounds. Rows without items are left as they are. `apart`: others of the run are not among
/// them. Errors: JournalError, Interrupted (what was timed of the round is lost); any other failure is the row's
/// `error`.
void time_rows(std::span<const std::unique_ptr<TimedRow>> rows, const RunContext& context, bool apart);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/latency_rounds_impl.hpp"
#endif
