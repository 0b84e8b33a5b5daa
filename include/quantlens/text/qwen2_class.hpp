/// What transformers makes of a tokenizer.json where its class for Qwen2 builds the tokenizer.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/text/pretokenizer.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/text/tokenizer_json_members.hpp"
#include "quantlens/text/tokenizer_json_steps.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::detail {

/// Rewrites a tokenizer.json as Qwen2Tokenizer reads it: vocabulary, merges and post-processor are the file's, the
/// steps are the class's own, and added tokens get the ids behind the vocabulary in the order of their own ids, those
/// of tokenizer_config.json instead of tokenizer.json's where it has a list. Of Qwen's own files nothing changes.
/// Source: transformers 5.24, AutoTokenizer and TokenizersBackend.convert_to_native_format.
class Qwen2Class : private TokenizerJsonMembers {
 public:
  /// `model_type`: of config.json; empty where there is none. It counts more than the class that the tokenizer names.
  [[nodiscard]] static bool applies(std::string_view model_type, const json& config) {
    const std::string name = config.is_object() ? string(config, "tokenizer_class", "") : "";
    return model_type == "qwen2" || name == "Qwen2Tokenizer" || name == "Qwen2TokenizerFast";
  }

  /// What is read otherwise than the files say, a sentence each.
  [[nodiscard]] static std::vector<std::string> rewrite(json& tokenizer, const json& config) {
    std::vector<std::string> notes;
    if (!tokenizer.is_object() || !tokenizer.contains("model") || !tokenizer["model"].is_object()) return notes;
    if (rewrite_steps(tokenizer, config))
      notes.emplace_back(
          "the model is of type qwen2, so text is normalized and cut as transformers' class for it does, not as "
          "tokenizer.json says");
    if (rewrite_added_tokens(tokenizer, config))
      notes.emplace_back(
          "the model is of type qwen2, so its added tokens are those that transformers' class for it adds, not "
          "tokenizer.json's");
    return notes;
  }

 private:
  /// Whether that changed anything.
  static bool rewrite_steps(json& tokenizer, const json& config) {
    const PreTokenizerFamily& family = pre_tokenizer_family("qwen2");
    const bool prefix = config.is_object() && boolean(config, "add_prefix_space", false);
    json wanted = tokenizer;
    wanted["normalizer"] = {{"type", "NFC"}};
    wanted["pre_tokenizer"] = {
        {"type", "Sequence"},
        {"pretokenizers",
         {{{"type", "Split"},
           {"pattern", {{"Regex", family.patterns[0]}}},
           {"behavior", "Isolated"},
           {"invert", false}},
          {{"type", "ByteLevel"}, {"add_prefix_space", prefix}, {"trim_offsets", true}, {"use_regex", false}}}}};
    wanted["decoder"] = {{"type", "ByteLevel"}};
    for (const char* key : {"ignore_merges", "byte_fallback", "fuse_unk"}) wanted["model"][key] = false;
    wanted["model"]["unk_token"] = nullptr;
    const bool same = behave_alike(tokenizer, wanted);
    tokenizer = std::move(wanted);
    return !same;
  }

  static bool behave_alike(const json& file, const json& wanted) {
    const auto steps_of = [](const json& tokenizer) {
      TokenizerData data;
      TokenizerStepsReader reader(data);
      reader.read_normalizer(tokenizer.value("normalizer", json()));
      reader.read_pre_tokenizer(tokenizer.value("pre_tokenizer", json()));
      return data;
    };
    try {
      const TokenizerData ours = steps_of(wanted), theirs = steps_of(file);
      return ours.normalizers == theirs.normalizers && ours.pre_tokenizers == theirs.pre_tokenizers &&
             ours.byte_level == theirs.byte_level && !boolean(file["model"], "ignore_merges", false);
    } catch (const InputError&) {
      return false;
    }
  }

  /// Whether that changed anything.
  static bool rewrite_added_tokens(json& tokenizer, const json& config) {
    const json& vocab = tokenizer["model"].value("vocab", json::object());
    if (!vocab.is_object()) return false;
    std::map<TokenId, json> by_id;
    const auto gather = [&](const json& entry, TokenId id) { by_id.emplace(id, entry); };
    const bool has_list = config.is_object() && !is_null(config, "added_tokens_decoder");
    if (has_list && config["added_tokens_decoder"].is_object()) {
      for (const auto& [key, entry] : config["added_tokens_decoder"].items()) gather(entry, id_of_key(key));
    } else if (!is_null(tokenizer, "added_tokens")) {
      for (const json& entry : array(tokenizer, "added_tokens"))
        gather(entry, id_of(member(entry, "id"), "added token"));
    }
    json added = json::array();
    auto next = static_cast<TokenId>(vocab.size());
    const auto add = [&](json entry) {
      const std::string content = string(entry, "content");
      const auto known = vocab.find(content);
      entry["id"] = known == vocab.end() ? json(next++) : *known;
      added.push_back(std::move(entry));
    };
    for (const auto& [id, entry] : by_id) add(entry);
    for (const char* key : {"bos_token", "eos_token"}) {
      // Named tokens that no list has are added when the list is tokenizer_config.json's.
      if (!has_list || is_null(config, key)) continue;
      const std::string content = config[key].is_object() ? string(config[key], "content") : string(config, key);
      const auto is_it = [&](const json& entry) { return entry["content"] == content; };
      if (std::none_of(added.begin(), added.end(), is_it))
        add({{"content", content},
             {"lstrip", false},
             {"rstrip", false},
             {"single_word", false},
             {"normalized", false},
             {"special", true}});
    }
    const bool same = contents_by_id(tokenizer.value("added_tokens", json::array())) == contents_by_id(added);
    tokenizer["added_tokens"] = std::move(added);
    return !same;
  }

  static std::map<TokenId, std::string> contents_by_id(const json& added_tokens) {
    std::map<TokenId, std::string> contents;
    for (const json& entry : added_tokens)
      contents.emplace(id_of(member(entry, "id"), "added token"), string(entry, "content"));
    return contents;
  }
};

}  // namespace quantlens::inline QUANTLENS_ABI::detail
