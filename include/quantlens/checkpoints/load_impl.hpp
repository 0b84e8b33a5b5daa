/// What load.hpp declares, defined.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
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
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/gguf_split.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/jinja/chat_rules.hpp"
#include "quantlens/text/tokenizer_data.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/assemble.hpp"
#include "quantlens/weights/config_from_gguf.hpp"
#include "quantlens/weights/config_from_hf.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// The end-of-turn tokens that chat models emit whether or not their files call them end of text.
inline constexpr std::array<std::string_view, 3> end_of_turn_tokens = {"<|im_end|>", "<|eot_id|>", "<|eom_id|>"};

/// Completes what both kinds of source share: tokenizer, stop tokens, names of bos and eos.
inline void add_tokenizer(ModelFile& model, TokenizerData tokenizer, std::vector<TokenId> stop_tokens,
                          std::string_view source) {
  const std::size_t vocab_size = model.weights.config.vocab_size;
  const auto note = [&](const auto&... parts) { tokenizer.notes.push_back(concat(source, ": ", parts...)); };
  const auto text_of = [&](std::optional<TokenId> id) {
    return id && static_cast<std::size_t>(*id) < tokenizer.tokens.size()
               ? tokenizer.tokens[static_cast<std::size_t>(*id)]
               : std::string();
  };
  model.bos_text = text_of(tokenizer.bos);
  model.eos_text = text_of(tokenizer.eos);
  // The embedding may be larger: rows are padded to round numbers.
  tokenizer.n_embedded = vocab_size;
  if (tokenizer.tokens.size() > vocab_size)
    note("the tokenizer has ", tokenizer.tokens.size(), " tokens, the embedding only ", vocab_size,
         " rows; a text that holds one of the others is refused");
  const auto has_row = [&](TokenId id) { return id >= 0 && static_cast<std::size_t>(id) < vocab_size; };
  const auto drop_without_row = [&](std::string_view what, std::optional<TokenId>& token, bool& is_added) {
    if (!token || has_row(*token)) return;
    note(what, " token ", *token, " is not below vocab_size, ", vocab_size, ", and is not used");
    token.reset();
    is_added = false;
  };
  drop_without_row("begin-of-text", tokenizer.bos, tokenizer.add_bos);
  drop_without_row("end-of-text", tokenizer.eos, tokenizer.add_eos);
  if (tokenizer.eos) stop_tokens.push_back(*tokenizer.eos);
  for (const AddedToken& token : tokenizer.added_tokens)
    if (token.special && has_row(token.id) &&
        std::find(end_of_turn_tokens.begin(), end_of_turn_tokens.end(), token.content) != end_of_turn_tokens.end())
      stop_tokens.push_back(token.id);
  std::erase_if(stop_tokens, [&](TokenId id) {
    if (!has_row(id)) note("stop token ", id, " is not below vocab_size, ", vocab_size, ", and is not used");
    return !has_row(id);
  });
  std::sort(stop_tokens.begin(), stop_tokens.end());
  stop_tokens.erase(std::unique(stop_tokens.begin(), stop_tokens.end()), stop_tokens.end());
  model.weights.config.stop_tokens = std::move(stop_tokens);
  model.tokenizer = std::move(tokenizer);
}

[[nodiscard]] inline ModelWeights weights_from_hf(const std::shared_ptr<const HfFolder>& folder) {
  ModelConfig config = config_from_hf(folder->config());
  validate(config, "config.json");
  TensorPool pool(folder->path().string(), hf_names, config.record());
  CheckpointReader reader(checkpoint_settings(*folder));
  reader.read(folder->tensors(), folder->path().string(), config, pool);
  ModelWeights weights = assemble(std::move(config), std::move(pool), false, folder);
  weights.notes.insert(weights.notes.begin(), reader.notes().begin(), reader.notes().end());
  weights.notes.insert(weights.notes.begin(), folder->notes().begin(), folder->notes().end());
  return weights;
}

}  // namespace detail

QUANTLENS_INLINE std::string model_type_of(const nlohmann::json& config) {
  return config.is_object() && config.contains("model_type") && config["model_type"].is_string()
             ? config["model_type"].get<std::string>()
             : std::string();
}

QUANTLENS_INLINE ModelWeights weights_from_gguf(const std::shared_ptr<const GgufFile>& file) {
  ModelConfig config = config_from_gguf(*file);
  validate(config, file->name());
  detail::TensorPool pool(file->name(), gguf_names, config.record());
  for (const GgufTensor& tensor : file->tensors()) {
    if (!is_supported(tensor.type))
      throw FormatError("tensor_type", tensor.file, tensor.offset,
                        concat("tensor '", tensor.name, "' is of type ", name(tensor.type),
                               " (known: F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K Q4_K Q5_K Q6_K)"));
    pool.add({tensor.name, tensor.file, tensor.type, tensor.shape, tensor.data, tensor.offset});
  }
  const bool interleaved = config.record().interleaved_in_gguf;
  return detail::assemble(std::move(config), std::move(pool), interleaved, file);
}

namespace detail {

/// Errors: InputError `config` for a GGUF file of something else than a model.
inline void require_model(const GgufFile& file) {
  const std::string type = file.string_or("general.type", "model");
  if (type == "model") return;
  throw InputError("config", concat(file.name(), ": general.type is '", type, "', not a model",
                                    type == "adapter" ? "; merge the adapter into its base model first (llama.cpp: "
                                                        "llama-export-lora) and name what that writes"
                                                      : "; name the model's own file"));
}

}  // namespace detail

QUANTLENS_INLINE ModelFile load_gguf(GgufFile opened) {
  const auto file = std::make_shared<const GgufFile>(std::move(opened));
  detail::require_model(*file);
  ModelFile model;
  model.path = file->file().path();
  const auto part = parse_gguf_part_name(file->name());
  const std::string stem = part ? part->prefix : std::filesystem::path(file->name()).stem().string();
  model.name = replace_invalid_utf8(file->string_or("general.name", stem));
  model.weights = weights_from_gguf(file);
  std::vector<TokenId> stop_tokens;
  for (const std::string_view key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    constexpr std::uint64_t largest = std::numeric_limits<TokenId>::max();
    if (const auto id = gguf_token_id(*file, key)) stop_tokens.push_back(static_cast<TokenId>(std::min(*id, largest)));
  }
  detail::add_tokenizer(model, tokenizer_data_from_gguf(*file), std::move(stop_tokens), file->name());
  model.chat_template = file->string_or("tokenizer.chat_template", "");
  model.chat = chat_rules(model.chat_template, model.bos_text, model.eos_text);
  model.sha256 = file->sha256();
  return model;
}

QUANTLENS_INLINE ModelFile load_hf(HfFolder opened) {
  const auto folder = std::make_shared<const HfFolder>(std::move(opened));
  ModelFile model;
  model.path = folder->path();
  const std::filesystem::path whole = std::filesystem::absolute(model.path / "").lexically_normal();
  model.name = detail::JsonFields(folder->config(), "config.json").string_or(model_name_key, "");
  if (model.name.empty()) model.name = replace_invalid_utf8(whole.parent_path().filename().string());
  model.weights = detail::weights_from_hf(folder);
  if (folder->tokenizer().is_null()) refuse_tokenizer(folder->path());
  detail::add_tokenizer(
      model, tokenizer_data_from_json(folder->tokenizer(), folder->tokenizer_config(), model_type_of(folder->config())),
      eos_ids_from_hf(folder->config(), folder->generation_config()), "config.json");
  model.chat_template = folder->chat_template();
  model.chat = chat_rules(model.chat_template, model.bos_text, model.eos_text);
  if (model.chat_template.empty()) model.chat.refusal = folder->chat_template_problem();
  model.sha256 = folder->sha256();
  return model;
}

QUANTLENS_INLINE ModelFile load_model(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) return load_hf(HfFolder::open(path));
  return load_gguf(GgufFile::open(path));
}

}  // namespace quantlens::inline QUANTLENS_ABI
