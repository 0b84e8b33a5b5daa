/// How far a format lies from full precision: in what its blocks compute, and in what the model expects next.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "quantlens/convert/calibration_flow.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/runtime/engine.hpp"
#include "quantlens/runtime/sampler.hpp"
#include "quantlens/runtime/transformer.hpp"
#include "quantlens/stats/bootstrap.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Of what a block adds to the residual stream, given the inputs that it has in full precision. |.| is the root of the
/// sum of squares over all tokens of the text.
struct Distortion {
  double relative_error = 0;        ///< |format - full| / |full|, mean over blocks
  double worst_relative_error = 0;  ///< of the worst block
  /// 20 log10(|full| / |format - full|), mean over blocks. Units: dB. None where a block has no error at all.
  std::optional<double> snr_db;
};

/// A mean over tokens, and what resampling sequences says about it.
struct TokenMean {
  double value = 0;
  std::optional<Interval> interval;  ///< 95 %; none where sequences do not differ
};

/// Next-token predictions of a format beside those of full, at the same positions of the same text.
struct Agreement {
  std::size_t n_sequences = 0, n_tokens = 0;  ///< tokens that are predicted
  double full_perplexity = 0, perplexity = 0;
  TokenMean nll_increase;  ///< of -log p(token) minus full's. Units: nats
  TokenMean kl;            ///< of KL(full || format). Units: nats
  TokenMean top1;          ///< share of positions where both expect the same token most
};

namespace fidelity_detail {

/// Positions of which both models' logits are in memory at a time.
inline constexpr std::size_t chunk_tokens = 64;

/// What is summed over the predicted tokens of a sequence.
struct Sums {
  double n = 0, full_nll = 0, nll = 0, kl = 0, agreeing = 0;

  Sums& operator+=(const Sums& other) {
    n += other.n;
    full_nll += other.full_nll;
    nll += other.nll;
    kl += other.kl;
    agreeing += other.agreeing;
    return *this;
  }
};

/// KL(p || q) of two rows of logits, with their log-sum-exps.
[[nodiscard]] inline double kl_divergence(std::span<const float> p, double p_total, std::span<const float> q,
                                          double q_total) {
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double log_p = static_cast<double>(p[i]) - p_total, log_q = static_cast<double>(q[i]) - q_total;
    sum += std::exp(log_p) * (log_p - log_q);
  }
  return sum;
}

/// Sequences through both models, chunk by chunk.
class SequencePair {
 public:
  SequencePair(const Transformer& full, const Transformer& format, std::size_t n_threads)
      : full_(full),
        format_(format),
        n_threads_(n_threads),
        full_work_(full.make_workspace()),
        work_(format.make_workspace()),
        full_logits_(chunk_tokens * full.config.vocab_size) {}

  /// Over the tokens behind the first `n_given`, at least one.
  [[nodiscard]] Sums run(std::span<const TokenId> tokens, std::size_t n_given) {
    KvCache full_cache(full_.kv_shape()), cache(format_.kv_shape());
    std::vector<Sums> positions(tokens.size() - 1);
    for (std::size_t begin = 0; begin < positions.size(); begin += chunk_tokens) {
      const auto part = tokens.subspan(begin, std::min(chunk_tokens, positions.size() - begin));
      const std::size_t first = std::clamp(n_given - 1, begin, begin + part.size()) - begin;
      const SequenceChunk full_chunk{&full_cache, part, first}, chunk{&cache, part, first};
      full_.forward({&full_chunk, 1}, n_threads_, full_work_, [&](std::size_t row, std::span<const float> logits) {
        std::copy(logits.begin(), logits.end(), full_row(row).begin());
      });
      format_.forward({&chunk, 1}, n_threads_, work_, [&](std::size_t row, std::span<const float> logits) {
        const std::size_t position = begin + first + row;
        positions[position] = compare(full_row(row), logits, tokens[position + 1]);
      });
    }
    Sums sums;
    for (const Sums& position : positions) sums += position;
    return sums;
  }

 private:
  [[nodiscard]] std::span<float> full_row(std::size_t row) {
    return full_logits_.span().subspan(row * full_.config.vocab_size, full_.config.vocab_size);
  }

  [[nodiscard]] Sums compare(std::span<const float> full, std::span<const float> logits, TokenId next) const {
    const double full_total = full_.kernels->log_sum_exp(full.data(), full.size());
    const double total = full_.kernels->log_sum_exp(logits.data(), logits.size());
    const auto at = static_cast<std::size_t>(next);
    return {1, full_total - static_cast<double>(full[at]), total - static_cast<double>(logits[at]),
            kl_divergence(full, full_total, logits, total), greedy_token(full) == greedy_token(logits) ? 1.0 : 0.0};
  }

  const Transformer& full_;
  const Transformer& format_;
  std::size_t n_threads_;
  Workspace full_work_, work_;
  AlignedBuffer<float> full_logits_;
};

/// `part(sums)` is what is averaged.
template <class Part>
[[nodiscard]] TokenMean token_mean(const std::vector<Sums>& sequences, std::uint64_t seed, const Part& part) {
  const auto mean_of = [&](std::span<const ItemIndex> items) -> std::optional<double> {
    double sum = 0, n = 0;
    for (const ItemIndex item : items) {
      sum += part(sequences[item]);
      n += sequences[item].n;
    }
    return sum / n;
  };
  std::vector<ItemIndex> all(sequences.size());
  std::iota(all.begin(), all.end(), ItemIndex{0});
  const double value = *mean_of(all);
  return {value, bca_interval(value, bootstrap(sequences.size(), {.seed = seed}, mean_of),
                              jackknife(sequences.size(), mean_of))};
}

struct Norms {
  double error = 0, full = 0;
};

/// Sums of squares of what two blocks made of the same inputs.
[[nodiscard]] inline Norms compare_blocks(std::span<const float> inputs, std::span<const float> full,
                                          std::span<const float> format) {
  Norms norms;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const double added = static_cast<double>(full[i]) - static_cast<double>(inputs[i]);
    const double error = static_cast<double>(format[i]) - static_cast<double>(full[i]);
    norms.full += added * added;
    norms.error += error * error;
  }
  return {std::sqrt(norms.error), std::sqrt(norms.full)};
}

[[nodiscard]] inline Distortion summarize_blocks(const std::vector<Norms>& blocks) {
  Distortion distortion;
  double decibels = 0;
  bool exact = false;
  for (const Norms& norms : blocks) {
    exact = exact || norms.error == 0.0 || norms.full == 0.0;
    const double relative = norms.error == 0.0 ? 0.0 : norms.error / norms.full;
    distortion.relative_error += relative / static_cast<double>(blocks.size());
    distortion.worst_relative_error = std::max(distortion.worst_relative_error, relative);
    if (!exact) decibels += -20.0 * std::log10(relative) / static_cast<double>(blocks.size());
  }
  if (!exact) distortion.snr_db = decibels;
  return distortion;
}

}  // namespace fidelity_detail

/// Compares two transformers of the same model on the continuations of the sequences; the first token of one without
/// context is not predicted. No more than 64 rows of logits are kept.
/// Errors: InputError "text" where nothing is predicted; "n_ctx"; Error "not_finite".
[[nodiscard]] inline Agreement measure_agreement(const Transformer& full, const Transformer& format,
                                                 std::span<const ScoreRequest> sequences, std::size_t n_threads,
                                                 std::uint64_t seed = 0) {
  using namespace fidelity_detail;
  SequencePair pair(full, format, n_threads);
  std::vector<Sums> sums;
  Sums total;
  for (const ScoreRequest& sequence : sequences) {
    std::vector<TokenId> tokens = sequence.context;
    tokens.insert(tokens.end(), sequence.continuation.begin(), sequence.continuation.end());
    const std::size_t n_given = std::max<std::size_t>(sequence.context.size(), 1);
    if (tokens.size() <= n_given) continue;
    total += sums.emplace_back(pair.run(tokens, n_given));
    if (!std::isfinite(total.full_nll) || !std::isfinite(total.nll))
      throw Error("not_finite",
                  concat("a log-probability of sequence ", sums.size(), " is not finite: activations overflow"));
  }
  if (sums.empty()) throw InputError("text", "there is no text to predict; give at least two tokens");
  const auto mean_of = [&](const char* name, const auto& part) { return token_mean(sums, seed_of(seed, name), part); };
  return {sums.size(),
          static_cast<std::size_t>(total.n),
          std::exp(total.full_nll / total.n),
          std::exp(total.nll / total.n),
          mean_of("nll_increase", [](const Sums& s) { return s.nll - s.full_nll; }),
          mean_of("kl", [](const Sums& s) { return s.kl; }),
          mean_of("top1", [](const Sums& s) { return s.agreeing; })};
}

/// Runs the text through `full`, and each block of `format` on what reaches that block in full precision.
/// `full` and `format` are as before afterwards. Errors: InputError "n_ctx".
[[nodiscard]] inline Distortion measure_distortion(const ModelWeights& weights, Transformer& full, Transformer& format,
                                                   std::span<const std::vector<TokenId>> windows,
                                                   std::size_t n_threads) {
  using namespace fidelity_detail;
  CalibrationFlow flow(weights, {windows.begin(), windows.end()}, *full.kernels, n_threads);
  const auto copy = [&] { return std::vector<float>(flow.residual().begin(), flow.residual().end()); };
  std::vector<Norms> blocks;
  for (std::size_t i = 0; i < full.blocks.size(); ++i) {
    const std::vector<float> inputs = copy();
    format.blocks[i] = flow.pass(std::move(format.blocks[i]));
    const std::vector<float> outputs = copy();
    std::copy(inputs.begin(), inputs.end(), flow.residual().begin());
    full.blocks[i] = flow.pass(std::move(full.blocks[i]));
    blocks.push_back(compare_blocks(inputs, flow.residual(), outputs));
  }
  return summarize_blocks(blocks);
}

}  // namespace quantlens::inline QUANTLENS_ABI
