/// How far a run is: one line in place on a terminal, and one plain line for each finished cell anywhere else.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>

#include "quantlens/app/progress.hpp"
#include "quantlens/bench/host.hpp"
#include "quantlens/bench/sweep.hpp"
#include "quantlens/report/plain_text.hpp"

namespace quantlens::inline v0_1 {

/// "accuracy 0.967": the first metric that the row has, as the metrics are listed; empty where it has none.
[[nodiscard]] inline std::string headline_text(const Row& row) {
  for (const MetricSummary& metric : row.metrics)
    if (metric.summary.value) return concat(metric.info.name, " ", report_detail::decimal(*metric.summary.value, 3));
  return "";
}

/// For stderr.
class RunProgress {
 public:
  /// `n_items`: all that will be served or computed. `quiet`: says nothing but what `interrupted_text` gives.
  RunProgress(std::ostream& err, bool quiet, std::size_t n_rows, std::size_t n_items)
      : err_(err), quiet_(quiet), is_terminal_(::isatty(STDERR_FILENO) == 1), n_rows_(n_rows), n_items_(n_items) {}

  void on_items(const Cell& cell, std::size_t n, bool computed) {
    done_ += n;
    if (computed) computed_ += n;
    if (!quiet_) line_.update(cell.name(), done_, std::max(done_, n_items_), computed_);
  }

  void on_row(const Row& row) {
    ++rows_;
    if (row.error.empty())
      say(concat(name_of(row), ": n ", row.n, separated(headline_text(row)), ", ", since_last(), time_left()));
    else
      say(concat(name_of(row), ": failed, ", since_last(), time_left(), ": ", row.error));
  }

  void on_round(std::size_t round, std::size_t n_rounds) {
    say(concat("latency round ", round, " of ", n_rounds, ": ", since_last(), time_left()));
  }

  void clear() { line_.clear(); }

  /// Where a run stands that a signal ended.
  [[nodiscard]] std::string interrupted_text() const {
    const std::string where = rows_ < n_rows_ ? concat("after ", rows_, " of ", n_rows_, " cells")
                                              : concat("in the latency phase of ", n_rows_, " cells");
    return concat("interrupted ", where, "; the same command goes on from there");
  }

 private:
  static std::string name_of(const Row& row) {
    return row.repetition == 0 ? row.cell.name() : concat(row.cell.name(), " #", row.repetition + 1);
  }
  static std::string separated(const std::string& text) { return text.empty() ? "" : ", " + text; }

  [[nodiscard]] std::string since_last() {
    const double now = steady_seconds();
    return duration_text(now - std::exchange(last_, now));
  }
  [[nodiscard]] std::string time_left() const {
    const std::optional<double> seconds = line_.seconds_left(done_, std::max(done_, n_items_), computed_);
    return seconds ? ", ETA " + duration_text(*seconds) : "";
  }
  void say(const std::string& text) {
    if (!quiet_ && !is_terminal_) err_ << text << "\n" << std::flush;
  }

  std::ostream& err_;
  bool quiet_;
  bool is_terminal_;
  std::size_t n_rows_, n_items_;
  std::size_t rows_ = 0, done_ = 0, computed_ = 0;
  double last_ = steady_seconds();
  Progress line_ = Progress::on_terminal(err_);
};

}  // namespace quantlens::inline v0_1
