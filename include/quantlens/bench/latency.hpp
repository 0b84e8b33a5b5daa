/// The latency phase in figures: what rounds of single items say of one row, and whether to trust them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/stats/quantile.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One item, alone, with nothing kept from the prompts before it.
struct ItemTime {
  double ms = 0;
  std::optional<double> first_token_ms;  ///< none where no completion was asked for
  double generated_tokens = 0;
  double generate_seconds = 0;
};

/// What one row took in one round, and what else happened on the machine during the whole round.
struct RowRound {
  std::vector<ItemTime> items;
  double round_seconds = 0;
  std::optional<double> others_seconds;  ///< of one processor, used by other processes; none where nobody counts them
  double processors = 1;
  std::uint64_t throttles = 0;
};

/// Units: milliseconds, tokens per second. Null where no item was timed or, for all but p50 and p95, none asked for a
/// completion.
struct LatencyFigures {
  std::optional<double> first_token_ms, p50_ms, p95_ms, decode_tokens_per_s;
};

struct LatencyResult {
  LatencyFigures median;                            ///< over the rounds
  LatencyFigures spread;                            ///< interquartile range over the rounds
  std::vector<std::optional<double>> decode_rates;  ///< round by round; rows that were timed in turn share their rounds
  std::optional<double> others_processors;          ///< used by other processes; none where that cannot be told
  std::string mistrusted;                           ///< why the times are not to be trusted; empty: no reason known
};

/// How far the rounds of one row may lie apart, as a share of their middle.
inline constexpr double most_difference = 0.25;

/// How much of the machine others may use.
inline constexpr double most_others = 0.25;

/// The system counts in ticks of 10 ms, so less than this many seconds of rounds do not tell who else computed.
inline constexpr double least_counted_seconds = 0.5;

/// How far the rounds lie apart: a round counts by its items' times, each as a share of that item's median over the
/// rounds, and of these the median, so that neither long items nor a single disturbed one decide. Largest less
/// smallest. Of five rounds or more the one that lies furthest from the middle is left out: a round of a row lasts a
/// tenth of a second, which a guest of a shared host loses now and then, and one of five does not move the median.
[[nodiscard]] inline double round_difference(std::span<const RowRound> rounds) {
  std::vector<std::vector<double>> shares(rounds.size());
  const std::size_t n_items = rounds.empty() ? 0 : rounds.front().items.size();
  for (std::size_t item = 0; item < n_items; ++item) {
    std::vector<double> times;
    for (const RowRound& round : rounds) times.push_back(round.items[item].ms);
    const double middle = *quantile(times, 0.5);
    for (std::size_t i = 0; i < times.size() && middle > 0; ++i) shares[i].push_back(times[i] / middle);
  }
  std::vector<double> of_rounds;
  for (const std::vector<double>& share : shares) of_rounds.push_back(quantile(share, 0.5).value_or(1));
  std::sort(of_rounds.begin(), of_rounds.end(), [](double a, double b) { return std::abs(a - 1) < std::abs(b - 1); });
  if (of_rounds.size() >= 5) of_rounds.pop_back();
  double least = 1, most = 1;
  for (const double of_round : of_rounds) {
    least = std::min(least, of_round);
    most = std::max(most, of_round);
  }
  return most - least;
}

namespace latency_detail {

inline LatencyFigures figures_of(const RowRound& round) {
  std::vector<double> whole, first_token;
  double tokens = 0, seconds = 0;
  for (const ItemTime& item : round.items) {
    whole.push_back(item.ms);
    if (item.first_token_ms) first_token.push_back(*item.first_token_ms);
    tokens += item.generated_tokens;
    seconds += item.generate_seconds;
  }
  return {quantile(first_token, 0.5), quantile(whole, 0.5), quantile(whole, 0.95),
          tokens > 0 && seconds > 0 ? std::optional(tokens / seconds) : std::nullopt};
}

inline std::optional<double> others_of(std::span<const RowRound> rounds) {
  double seconds = 0, others = 0;
  for (const RowRound& round : rounds) {
    if (!round.others_seconds) return std::nullopt;
    seconds += round.round_seconds;
    others += *round.others_seconds;
  }
  return seconds >= least_counted_seconds ? std::optional(std::max(0.0, others / seconds)) : std::nullopt;
}

inline std::string tenths(double value) {
  const auto rounded = static_cast<long long>(std::llround(10 * value));
  return concat(rounded / 10, ".", rounded % 10);
}

inline std::string reason_of(std::span<const RowRound> rounds, std::optional<double> others, bool apart) {
  std::vector<std::string> reasons;
  if (const double difference = round_difference(rounds); difference > most_difference)
    reasons.push_back(concat("its rounds differ by ", std::llround(100 * difference), " %"));
  const double processors = rounds.empty() ? 1 : rounds.front().processors;
  if (others && *others > most_others * processors)
    reasons.push_back(concat("others used ", tenths(*others), " of ", processors, " processors"));
  if (std::any_of(rounds.begin(), rounds.end(), [](const RowRound& round) { return round.throttles > 0; }))
    reasons.emplace_back("the processor was throttled");
  if (apart) reasons.emplace_back("timed apart, because not all formats fit into memory");
  std::string text;
  for (const std::string& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

}  // namespace latency_detail

/// `apart`: the row was not timed in turn with all others.
[[nodiscard]] inline LatencyResult summarize_latency(std::span<const RowRound> rounds, bool apart) {
  using namespace latency_detail;
  std::vector<LatencyFigures> figures;
  for (const RowRound& round : rounds) figures.push_back(figures_of(round));
  LatencyResult result;
  for (const auto member : {&LatencyFigures::first_token_ms, &LatencyFigures::p50_ms, &LatencyFigures::p95_ms,
                            &LatencyFigures::decode_tokens_per_s}) {
    std::vector<double> values;
    for (const LatencyFigures& round : figures)
      if (round.*member) values.push_back(*(round.*member));
    if (values.empty()) continue;
    result.median.*member = quantile(values, 0.5);
    result.spread.*member = *quantile(values, 0.75) - *quantile(values, 0.25);
  }
  for (const LatencyFigures& round : figures) result.decode_rates.push_back(round.decode_tokens_per_s);
  result.others_processors = others_of(rounds);
  result.mistrusted = reason_of(rounds, result.others_processors, apart);
  return result;
}

}  // namespace quantlens::inline QUANTLENS_ABI
