/// A Hugging Face folder of an encoder or an encoder-decoder: its weights, its tokenizer and how many tokens it reads.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/kernels/kernel_table.hpp"
#include "quantlens/runtime/encoder_decoder.hpp"
#include "quantlens/runtime/post_norm_stack.hpp"
#include "quantlens/text/tokenizer.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Texts as the model's own tokenizer makes them: with its special tokens, and cut where the model ends, or earlier
/// where tokenizer_config.json's model_max_length does.
class EncoderText {
 public:
  EncoderText(Tokenizer tokenizer, std::size_t most_tokens)
      : tokenizer_(std::move(tokenizer)), most_tokens_(most_tokens) {}

  /// What is too long loses its end, but not the token behind it. Spellings of special tokens become those tokens, as
  /// in the packages that scores are compared with. Errors: those of Tokenizer::encode.
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const;

  [[nodiscard]] const Tokenizer& tokenizer() const noexcept { return tokenizer_; }
  [[nodiscard]] std::size_t most_tokens() const noexcept { return most_tokens_; }

 private:
  Tokenizer tokenizer_;
  std::size_t most_tokens_;
};

struct EncoderFolder {
  PostNormStack stack;
  EncoderText text;
  std::string sha256;              ///< as HfFolder::sha256 defines it
  std::vector<std::string> notes;  ///< what was read otherwise than the files say, a sentence each
};

struct EncoderDecoderFolder {
  EncoderDecoder model;
  EncoderText text;
  std::string sha256;
  std::vector<std::string> notes;
};

/// BERT or RoBERTa; heads and poolers are left out, the names' prefix may be missing.
/// Errors: InputError or FormatError: those of HfFolder::open, encoder_config_from_hf, take_stack and the tokenizer.
[[nodiscard]] EncoderFolder load_encoder(const std::filesystem::path& folder, const KernelTable& kernels);

/// BART. Errors: as load_encoder; InputError `tokenizer` where its texts are not between two special tokens.
[[nodiscard]] EncoderDecoderFolder load_encoder_decoder(const std::filesystem::path& folder,
                                                        const KernelTable& kernels);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/models/encoder_folder_impl.hpp"
#endif
