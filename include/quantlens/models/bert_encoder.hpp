/// Texts and their tokens as vectors, by a BERT of the user's: what meanings are compared with.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "quantlens/models/encoder_folder.hpp"
#include "quantlens/models/models.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How a text's vector is made of its tokens' states, as the folder's modules.json says.
struct SentencePooling {
  enum class Kind { mean, first };  ///< first: the state of the first token
  Kind kind = Kind::mean;
  bool normalize = false;       ///< to length 1
  std::size_t most_tokens = 0;  ///< of a text, special ones included; 0: as many as the model and its tokenizer take

  friend bool operator==(const SentencePooling&, const SentencePooling&) = default;
};

/// What a folder's modules.json, its modules' own config.json and sentence_bert_config.json say; the mean, as
/// sentence_transformers does, where there is no modules.json.
/// Errors: InputError `config` for modules that are not known and modes of pooling that are not computed, by name.
[[nodiscard]] SentencePooling sentence_pooling(const std::filesystem::path& folder);

/// Threads: may be shared.
class BertEncoder final : public TextEncoder {
 public:
  /// Errors: those of load_encoder and sentence_pooling.
  BertEncoder(const std::filesystem::path& folder, std::size_t threads);

  /// As sentence_transformers' encode(). Source: Reimers and Gurevych 2019, arXiv 1908.10084.
  std::vector<std::vector<float>> embed(std::span<const std::string> texts) override;

  /// Source: Zhang et al. 2020, BERTScore, arXiv 1904.09675, which takes layer 17 of roberta-large and layer 9 of
  /// bert-base-uncased.
  std::vector<TokenVectors> token_vectors(std::span<const std::string> texts, std::size_t n_layers) override;

  std::vector<std::vector<TokenId>> tokens(std::span<const std::string> texts) override;

  [[nodiscard]] std::size_t n_layers() const noexcept { return folder_.stack.layers.size(); }
  /// Of the folder's files and of how its modules are read.
  [[nodiscard]] const std::string& sha256() const noexcept { return sha256_; }
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return folder_.notes; }

 private:
  /// Calls use(index, ids, states of the text's tokens [n, d_model]) for each text, batch by batch.
  using UseStates = std::function<void(std::size_t, std::span<const TokenId>, MatrixView<const float>)>;
  void for_each_states(std::span<const std::vector<TokenId>> texts, std::size_t n_layers, const UseStates& use) const;

  [[nodiscard]] std::vector<float> pooled(MatrixView<const float> states) const;

  EncoderFolder folder_;
  SentencePooling pooling_;
  std::size_t threads_;
  std::string sha256_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/models/bert_encoder_impl.hpp"
#endif
