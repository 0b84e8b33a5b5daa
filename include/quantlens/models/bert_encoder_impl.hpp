/// What bert_encoder.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/foreign_folder.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/kernels/dispatch.hpp"
#include "quantlens/models/bert_encoder.hpp"
#include "quantlens/text/normalizer.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/config_from_hf.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace bert_encoder_detail {

/// Tokens of texts that are computed together: enough to use every weight often.
inline constexpr std::size_t batch_tokens = 1024;

/// Older files have a switch for each mode, newer ones a name.
[[nodiscard]] inline SentencePooling::Kind pooling_kind(const nlohmann::json& json, const std::string& file) {
  const detail::JsonFields fields(json, file);
  std::string mode = fields.string_or("pooling_mode", "");
  for (const auto& [key, value] : json.items())
    if (key.starts_with("pooling_mode_") && value == true)
      mode = mode.empty() ? key.substr(std::string("pooling_mode_").size()) : "a join of several";
  if (mode == "mean_tokens" || mode == "mean") return SentencePooling::Kind::mean;
  if (mode == "cls_token" || mode == "cls") return SentencePooling::Kind::first;
  fields.fail(concat("pooling mode '", mode, "' is not supported (known: mean cls)"));
}

[[nodiscard]] inline bool ends_in(const std::string& type, std::string_view name) {
  return type == name || type.ends_with(concat(".", name));
}

/// v / |v|; zeros stay zeros.
inline void scale_to_unit(std::span<float> values) {
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * value;
  const double length = std::max(std::sqrt(squares), 1e-12);
  for (float& value : values) value = static_cast<float>(value / length);
}

}  // namespace bert_encoder_detail

QUANTLENS_INLINE SentencePooling sentence_pooling(const std::filesystem::path& folder) {
  using namespace bert_encoder_detail;
  SentencePooling pooling;
  if (const nlohmann::json limits = read_folder_json(folder, "sentence_bert_config.json"); !limits.is_null()) {
    const detail::JsonFields fields(limits, "sentence_bert_config.json");
    pooling.most_tokens = fields.size_or("max_seq_length", 0);
    if (fields.boolean_or("do_lower_case", false)) fields.fail("do_lower_case is not supported");
  }
  if (!detail::has_entry(folder, "modules.json")) return pooling;
  const nlohmann::json modules = read_json_file(folder / "modules.json");
  if (!modules.is_array()) throw InputError("config", "modules.json: should be a list of modules");
  for (const nlohmann::json& module : modules) {
    const detail::JsonFields fields(module, "modules.json");
    const std::string type = fields.string_or("type", "");
    if (ends_in(type, "Transformer")) {
      if (!fields.string_or("path", "").empty()) fields.fail("a Transformer in a folder of its own is not supported");
    } else if (ends_in(type, "Pooling")) {
      const std::string path = fields.string_or("path", "");
      // A list must not reach outside its own folder.
      if (path.empty() || path.find_first_of(std::string_view("/\\\0", 3)) != path.npos || path.starts_with('.'))
        fields.fail(concat("the path '", path, "' is no folder in this one"));
      pooling.kind = pooling_kind(read_folder_json(folder / path, "config.json"), path + "/config.json");
    } else if (ends_in(type, "Normalize")) {
      pooling.normalize = true;
    } else {
      fields.fail(concat("the module '", type, "' is not supported (known: Transformer Pooling Normalize)"));
    }
  }
  return pooling;
}

QUANTLENS_INLINE BertEncoder::BertEncoder(const std::filesystem::path& folder, std::size_t threads)
    : folder_(load_encoder(folder, active_kernels())), pooling_(sentence_pooling(folder)), threads_(threads) {
  pooling_.most_tokens = pooling_.most_tokens == 0 ? folder_.text.most_tokens()
                                                   : std::min(pooling_.most_tokens, folder_.stack.config.n_ctx);
  const std::string read_as = concat(folder_.sha256, pooling_.kind == SentencePooling::Kind::mean ? " mean" : " first",
                                     pooling_.normalize ? " unit " : " ", pooling_.most_tokens);
  sha256_ = sha256_hex(std::as_bytes(std::span(read_as)));
}

QUANTLENS_INLINE void BertEncoder::for_each_states(std::span<const std::vector<TokenId>> texts, std::size_t n_layers,
                                                   const UseStates& use) const {
  for (std::size_t first = 0; first < texts.size();) {
    InterruptGuard::check();
    TokenBatch batch;
    for (std::size_t i = first; i < texts.size() && batch.tokens.size() < bert_encoder_detail::batch_tokens; ++i)
      batch.add(texts[i]);
    const Activations states = run_stack(folder_.stack, batch, {.threads = threads_, .n_layers = n_layers});
    const MatrixView<const float> all = states.view();
    for (std::size_t i = 0; i < batch.size(); ++i)
      use(first + i, texts[first + i],
          {all.data + batch.starts[i] * all.stride, batch.starts[i + 1] - batch.starts[i], all.cols, all.stride});
    first += batch.size();
  }
}

QUANTLENS_INLINE std::vector<float> BertEncoder::pooled(MatrixView<const float> states) const {
  std::vector<float> vector(states.row(0).begin(), states.row(0).end());
  if (pooling_.kind == SentencePooling::Kind::mean)
    for (std::size_t c = 0; c < states.cols; ++c) {
      double sum = 0;
      for (std::size_t r = 0; r < states.rows; ++r) sum += states(r, c);
      vector[c] = static_cast<float>(sum / static_cast<double>(states.rows));
    }
  if (pooling_.normalize) bert_encoder_detail::scale_to_unit(vector);
  return vector;
}

QUANTLENS_INLINE std::vector<std::vector<float>> BertEncoder::embed(std::span<const std::string> texts) {
  std::vector<std::vector<TokenId>> ids;
  const EncoderText text(folder_.text.tokenizer(), pooling_.most_tokens);
  for (const std::string& one : texts) ids.push_back(text.encode(strip_white_space(one, true, true)));
  std::vector<std::vector<float>> vectors(texts.size());
  for_each_states(ids, n_layers(), [&](std::size_t i, std::span<const TokenId>, MatrixView<const float> states) {
    vectors[i] = pooled(states);
  });
  return vectors;
}

QUANTLENS_INLINE std::vector<std::vector<TokenId>> BertEncoder::tokens(std::span<const std::string> texts) {
  const TokenizerData& data = folder_.text.tokenizer().data();
  std::vector<std::vector<TokenId>> ids;
  for (const std::string& text : texts) {
    std::string stripped(strip_white_space(text, true, true));
    // A first word is spelled as those within a text, as bert_score does.
    if (data.byte_level && !stripped.empty()) stripped.insert(0, " ");
    ids.push_back(folder_.text.encode(stripped));
  }
  return ids;
}

QUANTLENS_INLINE std::vector<TokenVectors> BertEncoder::token_vectors(std::span<const std::string> texts,
                                                                      std::size_t layers) {
  if (layers > n_layers())
    throw InputError("engine", concat("states behind ", layers, " layers are asked for; the encoder has ", n_layers()));
  if (layers == 0) layers = n_layers();
  const TokenizerData& data = folder_.text.tokenizer().data();
  const std::vector<std::vector<TokenId>> ids = tokens(texts);
  std::vector<TokenVectors> all(texts.size());
  for_each_states(ids, layers, [&](std::size_t i, std::span<const TokenId> tokens, MatrixView<const float> states) {
    TokenVectors& vectors = all[i];
    vectors.ids.assign(tokens.begin(), tokens.end());
    vectors.is_special.assign(tokens.size(), false);
    if (data.add_bos) vectors.is_special.front() = true;
    if (data.add_eos) vectors.is_special.back() = true;
    vectors.width = states.cols;
    vectors.values.resize(states.rows * states.cols);
    for (std::size_t r = 0; r < states.rows; ++r) {
      const std::span<float> row = std::span(vectors.values).subspan(r * states.cols, states.cols);
      std::ranges::copy(states.row(r), row.begin());
      bert_encoder_detail::scale_to_unit(row);
    }
  });
  return all;
}

}  // namespace quantlens::inline QUANTLENS_ABI
