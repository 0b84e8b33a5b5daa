/// What bart_scorer.hpp declares, defined.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/kernels/dispatch.hpp"
#include "quantlens/models/bart_scorer.hpp"
#include "quantlens/runtime/encoder_decoder.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace bart_scorer_detail {

/// Tokens of sources and targets that are computed together: enough to use every weight often.
inline constexpr std::size_t batch_tokens = 1024;

/// The pairs of each source, sources in the order in which they come first.
[[nodiscard]] inline std::vector<std::vector<std::size_t>> by_source(std::span<const TextPair> pairs) {
  std::map<std::string_view, std::size_t> places;
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto [place, is_new] = places.emplace(pairs[i].source, groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].push_back(i);
  }
  return groups;
}

}  // namespace bart_scorer_detail

QUANTLENS_INLINE BartScorer::BartScorer(const std::filesystem::path& folder, std::size_t threads)
    : folder_(load_encoder_decoder(folder, active_kernels())), threads_(threads) {}

QUANTLENS_INLINE std::vector<double> BartScorer::score(std::span<const TextPair> pairs) {
  using namespace bart_scorer_detail;
  std::vector<double> scores(pairs.size());
  const std::vector<std::vector<std::size_t>> groups = by_source(pairs);
  for (std::size_t group = 0; group < groups.size();) {
    InterruptGuard::check();
    std::vector<std::vector<TokenId>> sources, written;
    std::vector<std::size_t> pair_of, source_of;
    for (std::size_t n_tokens = 0; group < groups.size() && n_tokens < batch_tokens; ++group) {
      for (const std::size_t pair : groups[group]) {
        written.push_back(folder_.text.encode(pairs[pair].target));
        n_tokens += written.back().size();
        pair_of.push_back(pair);
        source_of.push_back(sources.size());
      }
      sources.push_back(folder_.text.encode(pairs[groups[group].front()].source));
      n_tokens += sources.back().size();
    }
    std::vector<TargetText> targets;
    for (std::size_t i = 0; i < written.size(); ++i) targets.push_back({source_of[i], written[i]});
    const std::vector<std::vector<double>> log_probs = score_targets(folder_.model, sources, targets, threads_);
    for (std::size_t i = 0; i < log_probs.size(); ++i)
      scores[pair_of[i]] =
          std::accumulate(log_probs[i].begin(), log_probs[i].end(), 0.0) / static_cast<double>(log_probs[i].size());
  }
  return scores;
}

}  // namespace quantlens::inline QUANTLENS_ABI
