/// What run_progress.hpp declares, defined.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>

#include "quantlens/app/run_progress.hpp"
#include "quantlens/bench/host.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/report/plain_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::string headline_text(const Row& row) {
  for (const MetricSummary& metric : row.metrics)
    if (metric.summary.value) return concat(metric.info.name, " ", report_detail::decimal(*metric.summary.value, 3));
  return "";
}

QUANTLENS_INLINE RunProgress::RunProgress(std::ostream& err, bool quiet, std::size_t n_rows, std::size_t n_items)
    : err_(err), quiet_(quiet), is_terminal_(::isatty(STDERR_FILENO) == 1), n_rows_(n_rows), n_items_(n_items) {}

QUANTLENS_INLINE void RunProgress::on_items(const Cell& cell, std::size_t n, bool computed) {
  done_ += n;
  if (computed) computed_ += n;
  if (!quiet_) line_.update(cell.name(), done_, std::max(done_, n_items_), computed_);
}

QUANTLENS_INLINE void RunProgress::on_row(const Row& row) {
  ++rows_;
  if (row.error.empty())
    say(concat(name_of(row), ": n ", row.n, separated(headline_text(row)), ", ", since_last(), time_left()));
  else
    say(concat(name_of(row), ": failed, ", since_last(), time_left(), ": ", row.error));
}

QUANTLENS_INLINE void RunProgress::on_round(std::size_t round, std::size_t n_rounds) {
  say(concat("latency round ", round, " of ", n_rounds, ": ", since_last(), time_left()));
}

QUANTLENS_INLINE std::string RunProgress::interrupted_text() const {
  const std::string where = rows_ < n_rows_ ? concat("after ", rows_, " of ", n_rows_, " cells")
                                            : concat("in the latency phase of ", n_rows_, " cells");
  return concat("interrupted ", where, "; the same command goes on from there");
}

QUANTLENS_INLINE std::string RunProgress::name_of(const Row& row) {
  return row.repetition == 0 ? row.cell.name() : concat(row.cell.name(), " #", row.repetition + 1);
}

QUANTLENS_INLINE std::string RunProgress::since_last() {
  const double now = steady_seconds();
  return duration_text(now - std::exchange(last_, now));
}

QUANTLENS_INLINE std::string RunProgress::time_left() const {
  const std::optional<double> seconds = line_.seconds_left(done_, std::max(done_, n_items_), computed_);
  return seconds ? ", ETA " + duration_text(*seconds) : "";
}

QUANTLENS_INLINE void RunProgress::say(const std::string& text) {
  if (!quiet_ && !is_terminal_) err_ << text << "\n" << std::flush;
}

}  // namespace quantlens::inline QUANTLENS_ABI
