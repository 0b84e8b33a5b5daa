/// The latency phase: one item at a time, with nothing kept from the prompts before it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantlens/bench/work.hpp"
#include "quantlens/core/interrupt.hpp"

namespace quantlens::inline v0_1 {

/// Units: milliseconds. Null where no item was timed (or, for the first token, none asked for a completion).
struct LatencyResult {
  std::optional<double> first_token_ms, p50_ms, p95_ms;
};

/// The quantile `share` in [0, 1], linear between order statistics; none of no values.
[[nodiscard]] inline std::optional<double> quantile(std::vector<double> values, double share) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(at));
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], at - static_cast<double>(below));
}

namespace bench_detail {

inline std::string latency_key(const CellWork& work, const RunContext& context, const Item& item) {
  return timing_key(item_key(cell_key(work.identity), item), context.timing);
}

inline std::span<const Item> latency_items(const CellWork& work, const RunContext& context) {
  return work.items.first(std::min(context.latency_items, work.items.size()));
}

/// Times the items that the journal lacks; true where there were any. `cold`: this process has computed nothing for the
/// cell yet, so the first item runs once untimed.
inline bool run_latency_phase(const CellWork& work, const RunContext& context, MeteredModel& model, MeteredModel& full,
                              bool cold) {
  bool computed = false;
  for (const Item& item : latency_items(work, context)) {
    InterruptGuard::check();
    const std::string key = latency_key(work, context, item);
    const bool served = context.journal.contains("latency", key);
    if (!served) {
      if (cold) static_cast<void>(run_timed(work, {&item, 1}, model, full));
      cold = false;
      model.model().forget_prompts();
      const TimedRun run = run_timed(work, {&item, 1}, model, full);
      nlohmann::json line{{"kind", "latency"},        {"key", key},
                          {"cell", work.cell.name()}, {"repetition", work.identity.repetition},
                          {"item", item.id},          {"ms", 1000 * run.seconds},
                          {"first_token_ms", nullptr}};
      if (const auto first_token = run.records.front().ttft_seconds) line["first_token_ms"] = 1000 * *first_token;
      context.journal.append({&line, 1});
      computed = true;
    }
    context.on_items(work.cell, 1, !served);
  }
  return computed;
}

inline LatencyResult read_latency(const CellWork& work, const RunContext& context) {
  std::vector<double> whole, first_token;
  for (const Item& item : latency_items(work, context)) {
    const nlohmann::json line = context.journal.find("latency", latency_key(work, context, item)).front();
    whole.push_back(line.at("ms").get<double>());
    if (line.at("first_token_ms").is_number()) first_token.push_back(line.at("first_token_ms").get<double>());
  }
  return {quantile(first_token, 0.5), quantile(whole, 0.5), quantile(whole, 0.95)};
}

}  // namespace bench_detail

}  // namespace quantlens::inline v0_1
