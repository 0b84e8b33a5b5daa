/// What encoder_folder.hpp declares, defined.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/checkpoints/load.hpp"
#include "quantlens/checkpoints/read.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/models/encoder_folder.hpp"
#include "quantlens/runtime/pack.hpp"
#include "quantlens/text/tokenizer_json.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/encoder_config.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<TokenId> EncoderText::encode(std::string_view text) const {
  std::vector<TokenId> ids = tokenizer_.encode(text, {.add_special = true, .parse_special = true});
  if (ids.size() <= most_tokens_) return ids;
  const TokenId last = ids.back();
  ids.resize(most_tokens_);
  if (tokenizer_.data().add_eos) ids.back() = last;
  return ids;
}

namespace encoder_folder_detail {

/// A stored name without the model's own prefix and with the oldest checkpoints' norms spelled as today's.
[[nodiscard]] inline std::string plain_name(std::string_view stored, std::string_view prefix) {
  if (stored.starts_with(prefix)) stored.remove_prefix(prefix.size());
  std::string name(stored);
  for (const auto& [old_end, end] : {std::pair{".gamma", ".weight"}, {".beta", ".bias"}})
    if (name.ends_with(old_end)) name.replace(name.size() - std::string_view(old_end).size(), name.npos, end);
  return name;
}

[[nodiscard]] inline StoredTensor stored_tensor(const HfFolder::Tensor& from, std::string name) {
  return {std::move(name),    from.shard->name(), detail::type_from_safetensors(from),
          from.tensor->shape, from.tensor->data,  from.tensor->offset};
}

[[nodiscard]] inline bool has_prefix(const HfFolder& folder, std::string_view prefix) {
  return std::ranges::any_of(folder.tensors(),
                             [&](const HfFolder::Tensor& stored) { return stored.tensor->name.starts_with(prefix); });
}

/// Heads, which stand beside the prefixed model, and what no state depends on.
[[nodiscard]] inline bool is_left_out(std::string_view stored, std::string_view prefix, bool is_prefixed) {
  if (is_prefixed && !stored.starts_with(prefix)) return true;
  if (stored.starts_with(prefix)) stored.remove_prefix(prefix.size());
  return stored.starts_with("pooler.") || stored == "embeddings.position_ids" || stored == "embeddings.token_type_ids";
}

/// The tokenizer of an opened folder.
[[nodiscard]] inline EncoderText text_of(const HfFolder& folder, const StackConfig& config,
                                         std::vector<std::string>& notes) {
  if (folder.tokenizer().is_null()) refuse_tokenizer(folder.path());
  nlohmann::json tokenizer = folder.tokenizer();
  for (const char* key : {"truncation", "padding"}) tokenizer.erase(key);  // Texts are cut by EncoderText.
  TokenizerData data =
      tokenizer_data_from_json(std::move(tokenizer), folder.tokenizer_config(), model_type_of(folder.config()));
  data.n_embedded = config.vocab_size;
  notes.insert(notes.end(), folder.notes().begin(), folder.notes().end());
  notes.insert(notes.end(), data.notes.begin(), data.notes.end());
  // Without a limit of its own a tokenizer says 10^30.
  std::size_t most_tokens = config.n_ctx;
  const nlohmann::json& settings = folder.tokenizer_config();
  if (settings.is_object() && settings.contains("model_max_length") &&
      settings["model_max_length"].is_number_unsigned())
    most_tokens = std::min(most_tokens, std::max<std::size_t>(settings["model_max_length"].get<std::size_t>(), 2));
  return {Tokenizer(std::move(data)), most_tokens};
}

/// Other names under which files store the embedding a second time, and the stored tensor of the first that is there.
inline constexpr std::array<std::string_view, 4> tied_names = {"shared.weight", "encoder.embed_tokens.weight",
                                                               "decoder.embed_tokens.weight", "lm_head.weight"};

[[nodiscard]] inline bool is_tied(std::string_view name) {
  return std::ranges::find(tied_names, name) != tied_names.end();
}

/// Adds the embedding, whatever it is called. Errors: InputError `unexpected_tensor` where copies of it differ.
inline void add_embedding(const HfFolder& folder, std::string_view prefix, detail::TensorPool& pool) {
  const HfFolder::Tensor* first = nullptr;
  for (const std::string_view name : tied_names)
    for (const HfFolder::Tensor& stored : folder.tensors()) {
      if (plain_name(stored.tensor->name, prefix) != name) continue;
      if (first == nullptr) {
        first = &stored;
        pool.add(stored_tensor(stored, std::string(tied_names.front())));
      } else if (!std::ranges::equal(stored.tensor->data, first->tensor->data)) {
        throw InputError("unexpected_tensor",
                         concat(stored.shard->name(), ": '", stored.tensor->name, "' differs from '",
                                first->tensor->name, "'; only models that embed and write with one matrix are read"));
      }
    }
}

}  // namespace encoder_folder_detail

QUANTLENS_INLINE EncoderFolder load_encoder(const std::filesystem::path& path, const KernelTable& kernels) {
  using namespace encoder_folder_detail;
  const auto folder = std::make_shared<const HfFolder>(HfFolder::open(path));
  const StackConfig config = encoder_config_from_hf(folder->config());
  const std::string prefix = concat(config.record->name, ".");
  const bool is_prefixed = has_prefix(*folder, prefix);
  detail::TensorPool pool(path.string(), hf_names, *config.record);
  for (const HfFolder::Tensor& stored : folder->tensors())
    if (!is_left_out(stored.tensor->name, prefix, is_prefixed))
      pool.add(stored_tensor(stored, plain_name(stored.tensor->name, prefix)));
  PostNormStack stack = take_stack(pool, config, std::nullopt, folder, kernels);
  pool.require_all_taken(config.n_layers);
  std::vector<std::string> notes;
  EncoderText text = text_of(*folder, config, notes);
  return {std::move(stack), std::move(text), folder->sha256(), std::move(notes)};
}

QUANTLENS_INLINE EncoderDecoderFolder load_encoder_decoder(const std::filesystem::path& path,
                                                           const KernelTable& kernels) {
  using namespace encoder_folder_detail;
  const auto folder = std::make_shared<const HfFolder>(HfFolder::open(path));
  const EncoderDecoderConfig config = bart_config_from_hf(folder->config());
  constexpr std::string_view prefix = "model.";
  detail::TensorPool encoder_pool(path.string(), hf_names, *config.encoder.record);
  detail::TensorPool decoder_pool(path.string(), hf_names, *config.decoder.record);
  add_embedding(*folder, prefix, encoder_pool);
  for (const HfFolder::Tensor& stored : folder->tensors()) {
    const std::string name = plain_name(stored.tensor->name, prefix);
    if (is_tied(name)) continue;
    (name.starts_with("encoder.") ? encoder_pool : decoder_pool).add(stored_tensor(stored, name));
  }
  EncoderDecoder model;
  model.encoder = take_stack(encoder_pool, config.encoder, std::nullopt, folder, kernels);
  model.decoder = take_stack(decoder_pool, config.decoder, model.encoder.embed, folder, kernels);
  const std::size_t vocab_size = config.decoder.vocab_size;
  std::vector<float> bias(vocab_size);
  if (decoder_pool.has("logits_bias"))
    decoder_pool.matrix("logits_bias", 1, vocab_size, "vocab_size").decode_row(0, bias);
  encoder_pool.require_all_taken(config.encoder.n_layers);
  decoder_pool.require_all_taken(config.decoder.n_layers);
  model.lm_head = dense_linear(model.encoder.embed, kernels);
  model.lm_head.set_bias(std::move(bias));
  model.decoder_start = config.decoder_start;
  std::vector<std::string> notes;
  EncoderText text = text_of(*folder, config.encoder, notes);
  if (!text.tokenizer().data().add_bos || !text.tokenizer().data().add_eos)
    throw InputError("tokenizer", concat(path.string(), ": tokenizer.json puts no token before or behind texts, as ",
                                         "BART's does; is its post_processor missing?"));
  return {std::move(model), std::move(text), folder->sha256(), std::move(notes)};
}

}  // namespace quantlens::inline QUANTLENS_ABI
