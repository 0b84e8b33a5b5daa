/// What encoder_decoder.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/runtime/encoder_decoder.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace encoder_decoder_detail {

/// The log-probability of labels[i] in row i of the decoder's states, a block of rows at a time.
class LabelScores {
 public:
  LabelScores(const EncoderDecoder& model, const Activations& states, std::span<const TokenId> labels,
              std::size_t threads)
      : model_(model), states_(states), labels_(labels), scores_(labels.size()), scratch_(threads) {
    logits_.require(std::min(block, labels.size()) * vocab_size());
    for (LinearScratch& mine : scratch_) mine.require(states.n_cols());
  }

  void run(const Team& team) noexcept {
    for (std::size_t begin = 0; begin < labels_.size(); begin += block) {
      const std::size_t n = std::min(block, labels_.size() - begin);
      if (team.rank == 0) {
        selected_.resize(n, states_.n_cols());
        for (std::size_t i = 0; i < n; ++i) std::copy_n(states_.row(begin + i), states_.n_cols(), selected_.row(i));
      }
      team.barrier();
      model_.lm_head.apply(team, selected_, {logits_.data(), vocab_size()}, scratch_[team.rank]);
      team.barrier();
      const Range mine = team.slice(n);
      for (std::size_t i = mine.begin; i < mine.end; ++i) {
        const float* logits = logits_.data() + i * vocab_size();
        const auto label = static_cast<std::size_t>(labels_[begin + i]);
        scores_[begin + i] =
            static_cast<double>(logits[label]) - model_.decoder.kernels->log_sum_exp(logits, vocab_size());
      }
      team.barrier();
    }
  }

  [[nodiscard]] std::span<const double> scores() const { return scores_; }

 private:
  /// Enough rows to use every weight often, few enough to stay small.
  static constexpr std::size_t block = 32;

  [[nodiscard]] std::size_t vocab_size() const noexcept { return model_.lm_head.rows(); }

  const EncoderDecoder& model_;
  const Activations& states_;
  std::span<const TokenId> labels_;
  std::vector<double> scores_;
  std::vector<LinearScratch> scratch_;
  Activations selected_;
  AlignedBuffer<float> logits_;
};

}  // namespace encoder_decoder_detail

QUANTLENS_INLINE std::vector<std::vector<double>> score_targets(const EncoderDecoder& model,
                                                                std::span<const std::vector<TokenId>> sources,
                                                                std::span<const TargetText> targets,
                                                                std::size_t threads) {
  TokenBatch read, written;
  std::vector<TokenId> labels;
  std::vector<std::size_t> source_of;
  for (const std::vector<TokenId>& source : sources) read.add(source);
  for (const TargetText& target : targets) {
    std::vector<TokenId> inputs(target.tokens.begin(), target.tokens.end());
    labels.insert(labels.end(), inputs.begin(), inputs.end());
    if (!inputs.empty()) {
      std::shift_right(inputs.begin(), inputs.end(), 1);
      inputs.front() = model.decoder_start;
    }
    written.add(inputs);
    source_of.push_back(target.source);
  }
  const StackOptions options{.threads = threads};
  const Activations encoded = run_stack(model.encoder, read, options);
  const SourceStates source{encoded, read.starts, source_of};
  const Activations decoded = run_stack(model.decoder, written, options, &source);
  encoder_decoder_detail::LabelScores label_scores(model, decoded, labels, threads);
  run_team(threads, [&](const Team& team) { label_scores.run(team); });
  std::vector<std::vector<double>> scores;
  for (std::size_t t = 0; t < written.size(); ++t) {
    const auto of_text = label_scores.scores().subspan(written.starts[t], written.starts[t + 1] - written.starts[t]);
    scores.emplace_back(of_text.begin(), of_text.end());
  }
  return scores;
}

}  // namespace quantlens::inline QUANTLENS_ABI
