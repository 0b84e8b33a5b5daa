/// How far a run is: one line in place on a terminal, and one plain line for each finished cell anywhere else.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>

#include "quantlens/app/progress.hpp"
#include "quantlens/bench/sweep.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// "accuracy 0.967": the first metric that the row has, as the metrics are listed; empty where it has none.
[[nodiscard]] std::string headline_text(const Row& row);

/// For stderr.
class RunProgress {
 public:
  /// `n_items`: all that will be served or computed. `quiet`: says nothing but what `interrupted_text` gives.
  RunProgress(std::ostream& err, bool quiet, std::size_t n_rows, std::size_t n_items);

  void on_items(const Cell& cell, std::size_t n, bool computed);

  void on_row(const Row& row);

  void on_round(std::size_t round, std::size_t n_rounds);

  void clear() { line_.clear(); }

  /// Where a run stands that a signal ended.
  [[nodiscard]] std::string interrupted_text() const;

 private:
  static std::string name_of(const Row& row);
  static std::string separated(const std::string& text) { return text.empty() ? "" : ", " + text; }

  [[nodiscard]] std::string since_last();
  [[nodiscard]] std::string time_left() const;
  void say(const std::string& text);

  std::ostream& err_;
  bool quiet_;
  bool is_terminal_;
  std::size_t n_rows_, n_items_;
  std::size_t rows_ = 0, done_ = 0, computed_ = 0;
  double last_ = steady_seconds();
  Progress line_ = Progress::on_terminal(err_);
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/app/run_progress_impl.hpp"
#endif
