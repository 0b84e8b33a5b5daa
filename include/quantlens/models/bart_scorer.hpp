/// BARTScore: how likely a text is as what a BART of the user's writes after reading another one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "quantlens/models/encoder_folder.hpp"
#include "quantlens/models/models.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Threads: may be shared.
class BartScorer final : public PairScorer {
 public:
  /// Errors: those of load_encoder_decoder.
  BartScorer(const std::filesystem::path& folder, std::size_t threads);

  /// The mean log-probability of the target's tokens, `<s>` and `</s>` among them, for each pair: 0 at most, higher is
  /// likelier. Texts beyond the model's context lose their ends. A pair's score does not depend on the others.
  /// Units: nats a token. Source: Yuan et al. 2021, arXiv 2106.11520, and its code.
  std::vector<double> score(std::span<const TextPair> pairs) override;

  [[nodiscard]] const std::string& sha256() const noexcept { return folder_.sha256; }
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return folder_.notes; }

 private:
  EncoderDecoderFolder folder_;
  std::size_t threads_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/models/bart_scorer_impl.hpp"
#endif
