/// What latency_rounds.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/bench/latency_rounds.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace bench_detail {

/// What a round's line calls a row.
inline std::string timed_row_key(const TimedRow& row) {
  const std::string cell = cell_key(row.work.identity);
  nlohmann::json items = nlohmann::json::array();
  for (const Item& item : row.items) items.push_back(item_key(cell, item));
  return json_sha256(items);
}

/// Lets a model use `now` threads while it lives, and `after` threads then.
class WithThreads {
 public:
  WithThreads(MeasuredModel& model, std::size_t now, std::size_t after) : model_(model), after_(after) {
    model.use_threads(now);
  }
  ~WithThreads() { model_.use_threads(after_); }
  WithThreads(const WithThreads&) = delete;
  WithThreads& operator=(const WithThreads&) = delete;

 private:
  MeasuredModel& model_;
  std::size_t after_;
};

/// Rows that are timed together in `context.latency.rounds` rounds. A round is one line of the journal, written when it
/// is whole: what a line holds was timed by one process in one go, so its rows may be compared as pairs.
class LatencyRounds {
 public:
  LatencyRounds(std::vector<TimedRow*> rows, const RunContext& context, bool apart)
      : rows_(std::move(rows)), context_(context), apart_(apart) {
    TimingIdentity timing = context.timing;
    timing.threads = context.latency.threads;
    timing.batch = 1;
    key_ = timing_key("latency rounds", timing);
    for (const TimedRow* row : rows_) keys_[row] = timed_row_key(*row);
  }

  /// Serves the rounds that the journal has of these rows, times the others, and fills in `latency` or `error`.
  void run() {
    load();
    while (!rows_.empty() && rounds_.size() < context_.latency.rounds) {
      if (const auto round = time_round(rounds_.size())) {
        context_.journal.append({&*round, 1});
        rounds_.push_back(read(*round));
        context_.on_round(rounds_.size(), context_.latency.rounds);
      }
    }
    for (TimedRow* row : rows_) {
      std::vector<RowRound> of_row;
      for (const Round& round : rounds_) of_row.push_back(round.at(keys_.at(row)));
      row->latency = summarize_latency(of_row, apart_);
    }
  }

 private:
  using Round = std::map<std::string, RowRound>;

  [[nodiscard]] static Round read(const nlohmann::json& line) {
    RowRound common;
    line.at("seconds").get_to(common.round_seconds);
    line.at("processors").get_to(common.processors);
    line.at("throttles").get_to(common.throttles);
    if (!line.at("others_seconds").is_null()) common.others_seconds = line.at("others_seconds").get<double>();
    Round round;
    for (const nlohmann::json& row : line.at("rows")) {
      RowRound& of_row = round[row.at("row").get<std::string>()] = common;
      for (const nlohmann::json& item : row.at("items")) {
        ItemTime time{item.at("ms").get<double>(),
                      {},
                      item.at("generated_tokens").get<double>(),
                      item.at("generate_seconds").get<double>()};
        if (!item.at("first_token_ms").is_null()) time.first_token_ms = item.at("first_token_ms").get<double>();
        of_row.items.push_back(time);
      }
    }
    return round;
  }

  /// Rounds with all of the rows, whichever others they have, too.
  void load() {
    context_.journal.for_each("round", key_, [&](const nlohmann::json& line) {
      if (rounds_.size() == context_.latency.rounds || (!apart_ && line.at("apart").get<bool>())) return;
      Round round = read(line);
      const bool has_all = std::all_of(rows_.begin(), rows_.end(), [&](const TimedRow* row) {
        const auto found = round.find(keys_.at(row));
        return found != round.end() && found->second.items.size() == row->items.size();
      });
      if (!has_all) return;
      rounds_.push_back(std::move(round));
      for (const TimedRow* row : rows_) context_.on_items(row->work.cell, row->items.size(), false);
    });
  }

  /// The rows task by task, and of each task the formats in turn; each round starts with another format.
  [[nodiscard]] std::vector<TimedRow*> order_of(std::size_t round) const {
    std::vector<std::pair<std::pair<TaskProtocol, std::size_t>, std::vector<TimedRow*>>> tasks;
    for (TimedRow* row : rows_) {
      const std::pair task{row->work.cell.what, row->work.identity.repetition};
      auto found = std::find_if(tasks.begin(), tasks.end(), [&](const auto& entry) { return entry.first == task; });
      if (found == tasks.end()) found = tasks.insert(tasks.end(), {task, {}});
      found->second.push_back(row);
    }
    std::vector<TimedRow*> order;
    for (const auto& [task, formats] : tasks)
      for (std::size_t i = 0; i < formats.size(); ++i) order.push_back(formats[(i + round) % formats.size()]);
    return order;
  }

  /// The round's line; none where a row failed, which is then none of these rows any more.
  [[nodiscard]] std::optional<nlohmann::json> time_round(std::size_t index) {
    const std::vector<TimedRow*> order = order_of(index);
    for (TimedRow* row : order)  // building and warming up is no part of a round
      if (!attempt(*row, [&] { warm_up(*row); })) return std::nullopt;
    nlohmann::json rows = nlohmann::json::array();
    const double start = context_.host.seconds();
    const std::optional<HostUse> before = context_.host.use();
    for (TimedRow* row : order)
      if (!attempt(*row, [&] { rows.push_back(time_row(*row)); })) return std::nullopt;
    const double seconds = context_.host.seconds() - start;
    const std::optional<HostUse> after = context_.host.use();
    const bool counted = before && after;
    return nlohmann::json{
        {"kind", "round"},
        {"key", key_},
        {"apart", apart_},
        {"threads", context_.latency.threads},
        {"seconds", seconds},
        {"others_seconds",
         counted ? nlohmann::json((after->busy - before->busy) - (after->own - before->own)) : nlohmann::json()},
        {"processors", counted ? after->processors : 1.0},
        {"throttles", counted ? after->throttles - before->throttles : 0},
        {"rows", std::move(rows)}};
  }

  template <class Step>
  bool attempt(TimedRow& row, const Step& step) {
    try {
      step();
      return true;
    } catch (const std::exception& error) {
      if (is_of_journal(error)) throw;
      row.error = error.what();
      std::erase(rows_, &row);
      return false;
    }
  }

  void warm_up(TimedRow& row) {
    if (row.is_warm) return;
    static_cast<void>(time_item(row, row.items.front()));
    row.is_warm = true;
  }

  [[nodiscard]] nlohmann::json time_row(TimedRow& row) {
    nlohmann::json items = nlohmann::json::array();
    for (const Item& item : row.items) {
      items.push_back(time_item(row, item));
      context_.on_items(row.work.cell, 1, true);
    }
    return {{"row", keys_.at(&row)},
            {"cell", row.work.cell.name()},
            {"repetition", row.work.identity.repetition},
            {"items", std::move(items)}};
  }

  [[nodiscard]] nlohmann::json time_item(TimedRow& row, const Item& item) {
    InterruptGuard::check();
    MeasuredModel& model = row.model.model();
    model.forget_prompts();
    const WithThreads threads(model, context_.latency.threads, context_.timing.threads);
    const TimedRun run = run_timed(row.work, {&item, 1}, row.model, row.full, context_.host);
    const std::optional<double> first_token = run.records.front().ttft_seconds;
    return {{"item", item.id},
            {"ms", 1000 * run.seconds},
            {"first_token_ms", first_token ? nlohmann::json(1000 * *first_token) : nlohmann::json()},
            {"generated_tokens", run.meter.counters.generated_tokens},
            {"generate_seconds", run.meter.counters.generate_seconds}};
  }

  std::vector<TimedRow*> rows_;
  const RunContext& context_;
  bool apart_;
  std::string key_;
  std::map<const TimedRow*, std::string> keys_;
  std::vector<Round> rounds_;
};

}  // namespace bench_detail

QUANTLENS_INLINE void time_rows(std::span<const std::unique_ptr<TimedRow>> rows, const RunContext& context,
                                bool apart) {
  std::vector<TimedRow*> with_items;
  for (const auto& row : rows)
    if (!row->items.empty()) with_items.push_back(row.get());
  bench_detail::LatencyRounds(std::move(with_items), context, apart).run();
}

}  // namespace quantlens::inline QUANTLENS_ABI
