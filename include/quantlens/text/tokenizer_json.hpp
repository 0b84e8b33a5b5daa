/// Reads Hugging Face's tokenizer.json; what it asks for and we don't do is refused by name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/text/byte_alphabet.hpp"
#include "quantlens/text/pretokenizer.hpp"
#include "quantlens/text/token.hpp"

namespace quantlens::inline v0_1 {

/// The two sides of a merge written as "a b"; `rank` and `file` are for the message.
[[nodiscard]] inline std::pair<std::string, std::string> split_merge(std::string_view merge, std::size_t rank,
                                                                     std::string_view file) {
  const std::size_t blank = merge.find(' ');
  if (blank == merge.npos || blank == 0 || blank + 1 == merge.size() || merge.find(' ', blank + 1) != merge.npos)
    throw InputError("tokenizer", concat(file, ": merge ", rank, " is '", merge, "', not two tokens and a blank"));
  return {std::string(merge.substr(0, blank)), std::string(merge.substr(blank + 1))};
}

namespace detail {

/// One reading of tokenizer.json. Every member that it meets is either used, known to change nothing, or refused.
class TokenizerJsonReader {
 public:
  using json = nlohmann::json;

  [[nodiscard]] TokenizerData read(const json& tokenizer, const json& config) {
    only(tokenizer, "tokenizer.json",
         {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
          "decoder", "model"});
    for (const char* key : {"truncation", "padding"})
      if (!is_null(tokenizer, key)) refuse(key, " is set; save the tokenizer without it");
    read_model(member(tokenizer, "model"));
    read_added_tokens(tokenizer.value("added_tokens", json::array()));
    place_tokens();
    read_normalizer(tokenizer.value("normalizer", json()));
    read_pre_tokenizer(member(tokenizer, "pre_tokenizer"));
    read_decoder(tokenizer.value("decoder", json()));
    read_config(config);
    read_post_processor(tokenizer.value("post_processor", json()));
    check_config_agrees(config);
    return std::move(data_);
  }

 private:
  template <class... Parts>
  [[noreturn]] static void refuse(const Parts&... parts) {
    throw InputError("tokenizer", concat("tokenizer.json: ", parts...));
  }

  static bool is_null(const json& object, const char* key) { return !object.contains(key) || object[key].is_null(); }

  static const json& member(const json& object, const char* key) {
    if (is_null(object, key)) refuse("'", key, "' is missing");
    return object[key];
  }

  static void only(const json& object, std::string_view what, std::initializer_list<std::string_view> known) {
    if (!object.is_object()) refuse(what, " is not an object");
    for (const auto& entry : object.items())
      if (std::find(known.begin(), known.end(), entry.key()) == known.end())
        refuse(what, " has the member '", entry.key(), "', which is not supported");
  }

  static bool boolean(const json& object, const char* key, bool fallback) {
    if (is_null(object, key)) return fallback;
    if (!object[key].is_boolean()) refuse("'", key, "' is not true or false");
    return object[key].get<bool>();
  }

  /// A boolean that must be there.
  static bool flag(const json& object, const char* key) {
    member(object, key);
    return boolean(object, key, false);
  }

  static std::string string(const json& object, const char* key) {
    if (!member(object, key).is_string()) refuse("'", key, "' is not a string");
    return object[key].get<std::string>();
  }

  static const json& array(const json& object, const char* key) {
    if (!member(object, key).is_array()) refuse("'", key, "' is not an array");
    return object[key];
  }

  static std::string type_of(const json& component, std::string_view what) {
    if (!component.is_object()) refuse("the ", what, " is not an object");
    return string(component, "type");
  }

  [[noreturn]] static void refuse_type(std::string_view what, std::string_view type, std::string_view known) {
    refuse("the ", what, " '", type, "' is not supported; supported: ", known);
  }

  static TokenId id_of(const json& value, std::string_view what) {
    // Far above any vocabulary, far below what wraps.
    constexpr std::int64_t limit = 1 << 24;
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0 || value.get<std::int64_t>() >= limit)
      refuse(what, " has the id ", value.dump(), ", not an integer in [0, ", limit, ")");
    return value.get<TokenId>();
  }

  void read_model(const json& model) {
    only(model, "the model",
         {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
          "byte_fallback", "ignore_merges", "vocab", "merges"});
    // Files from before 2020 leave the type of a BPE model out.
    if (const std::string type = model.contains("type") ? string(model, "type") : "BPE"; type != "BPE")
      refuse_type("model", type, "BPE");
    if (!is_null(model, "dropout") && model["dropout"] != 0.0) refuse("the model's dropout is not supported");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (!is_null(model, key) && string(model, key) != "") refuse("the model's ", key, " is not supported");
    if (boolean(model, "byte_fallback", false)) refuse("the model's byte_fallback is not supported");
    data_.ignore_merges = boolean(model, "ignore_merges", false);
    const json& vocab = member(model, "vocab");
    if (!vocab.is_object()) refuse("the model's vocab is not an object");
    for (const auto& entry : vocab.items()) ids_.emplace(entry.key(), id_of(entry.value(), entry.key()));
    if (!is_null(model, "unk_token") && !has_every_byte())
      refuse("the model has an unk_token and lacks bytes, which is not supported");
    const json& merges = array(model, "merges");
    for (const json& merge : merges) {
      if (merge.is_string())
        data_.merges.push_back(split_merge(merge.get_ref<const std::string&>(), data_.merges.size(), "tokenizer.json"));
      else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
        data_.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
      else
        refuse("merge ", data_.merges.size(), " is neither \"a b\" nor [\"a\", \"b\"]");
    }
  }

  [[nodiscard]] bool has_every_byte() const {
    return std::all_of(byte_alphabet.begin(), byte_alphabet.end(), [&](char32_t character) {
      std::string spelling;
      append_utf8(spelling, character);
      return ids_.contains(spelling);
    });
  }

  void read_added_tokens(const json& added_tokens) {
    if (!added_tokens.is_array()) refuse("'added_tokens' is not an array");
    for (const json& entry : added_tokens) {
      only(entry, "an added token", {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
      AddedToken token;
      token.content = string(entry, "content");
      token.id = id_of(member(entry, "id"), token.content);
      token.special = flag(entry, "special");
      token.lstrip = flag(entry, "lstrip");
      token.rstrip = flag(entry, "rstrip");
      token.single_word = flag(entry, "single_word");
      token.normalized = flag(entry, "normalized");
      const auto [first, is_new] = ids_.emplace(token.content, token.id);
      if (!is_new && first->second != token.id)
        refuse("added token '", token.content, "' has the ids ", first->second, " and ", token.id);
      data_.added_tokens.push_back(std::move(token));
    }
  }

  /// Lays the tokens out by id; an id that nobody has stays empty and unused.
  void place_tokens() {
    TokenId last = -1;
    for (const auto& entry : ids_) last = std::max(last, entry.second);
    const auto n = static_cast<std::size_t>(last + 1);
    if (n > 2 * ids_.size() + 4096) refuse("the id ", last, " is far above the ", ids_.size(), " tokens there are");
    data_.tokens.resize(n);
    data_.types.assign(n, TokenType::unused);
    for (const auto& [token, id] : ids_) {
      const auto index = static_cast<std::size_t>(id);
      if (data_.types[index] != TokenType::unused)
        refuse("tokens '", data_.tokens[index], "' and '", token, "' share the id ", id);
      data_.tokens[index] = token;
      data_.types[index] = TokenType::normal;
    }
    for (const AddedToken& token : data_.added_tokens)
      data_.types[static_cast<std::size_t>(token.id)] = token.special ? TokenType::control : TokenType::user_defined;
  }

  void read_normalizer(const json& normalizer) {
    if (normalizer.is_null()) return;
    const std::string type = type_of(normalizer, "normalizer");
    if (type == "Sequence") {
      only(normalizer, "the normalizer Sequence", {"type", "normalizers"});
      for (const json& part : array(normalizer, "normalizers")) read_normalizer(part);
    } else if (type == "NFC") {
      only(normalizer, "the normalizer NFC", {"type"});
      data_.nfc = true;
    } else {
      refuse_type("normalizer", type, "NFC, Sequence of NFC");
    }
  }

  void read_pre_tokenizer(const json& pre_tokenizer) {
    const bool is_sequence = type_of(pre_tokenizer, "pre-tokenizer") == "Sequence";
    if (is_sequence) only(pre_tokenizer, "the pre-tokenizer Sequence", {"type", "pretokenizers"});
    const json steps = is_sequence ? array(pre_tokenizer, "pretokenizers") : json::array({pre_tokenizer});
    for (std::size_t i = 0; i < steps.size(); ++i) read_pre_tokenizer_step(steps[i], i + 1 == steps.size());
    if (steps.empty() || data_.split_patterns.empty()) refuse("the pre-tokenizer doesn't cut text");
    data_.pre_tokenizer = "custom";
    for (const PreTokenizerFamily& family : pre_tokenizer_families())
      if (family.patterns == data_.split_patterns) data_.pre_tokenizer = family.name;
  }

  void read_pre_tokenizer_step(const json& step, bool is_last) {
    const std::string type = type_of(step, "pre-tokenizer");
    if (type != "ByteLevel" && type != "Digits" && type != "Split")
      refuse_type("pre-tokenizer", type, "ByteLevel, Sequence of Split, Digits and a last ByteLevel");
    if ((type == "ByteLevel") != is_last) refuse("the pre-tokenizer's last step, and no other, must be ByteLevel");
    if (type == "ByteLevel") {
      only(step, "the pre-tokenizer ByteLevel", {"type", "add_prefix_space", "trim_offsets", "use_regex"});
      if (boolean(step, "add_prefix_space", true)) refuse("the pre-tokenizer's add_prefix_space is not supported");
      if (boolean(step, "use_regex", true)) data_.split_patterns.push_back(pre_tokenizer_family("gpt-2").patterns[0]);
    } else if (type == "Digits") {
      only(step, "the pre-tokenizer Digits", {"type", "individual_digits"});
      data_.split_patterns.push_back(boolean(step, "individual_digits", false) ? R"(\p{N})" : R"(\p{N}+)");
    } else {
      only(step, "the pre-tokenizer Split", {"type", "pattern", "behavior", "invert"});
      only(member(step, "pattern"), "the pre-tokenizer's pattern", {"Regex"});
      if (const std::string behavior = string(step, "behavior"); behavior != "Isolated")
        refuse_type("pre-tokenizer's split behavior", behavior, "Isolated");
      if (boolean(step, "invert", false)) refuse("an inverted pre-tokenizer Split is not supported");
      data_.split_patterns.push_back(string(step["pattern"], "Regex"));
    }
  }

  void read_decoder(const json& decoder) {
    if (const std::string type = type_of(decoder, "decoder"); type != "ByteLevel")
      refuse_type("decoder", type, "ByteLevel");
    only(decoder, "the decoder ByteLevel", {"type", "add_prefix_space", "trim_offsets", "use_regex"});
  }

  /// The names of BOS, EOS and UNK stand in tokenizer_config.json; each is a string or an added token's object.
  void read_config(const json& config) {
    if (config.is_null()) return;
    if (!config.is_object()) refuse("tokenizer_config.json is not an object");
    if (boolean(config, "add_prefix_space", false)) refuse("tokenizer_config.json's add_prefix_space is not supported");
    const auto named = [&](const char* key) -> std::optional<TokenId> {
      if (is_null(config, key)) return std::nullopt;
      return id_of_token(config[key].is_object() ? string(config[key], "content") : string(config, key));
    };
    data_.bos = named("bos_token");
    data_.eos = named("eos_token");
    data_.unk = named("unk_token");
  }

  [[nodiscard]] TokenId id_of_token(const std::string& token) const {
    const auto found = ids_.find(token);
    if (found == ids_.end()) refuse("the special token '", token, "' is not in the vocabulary");
    return found->second;
  }

  void read_post_processor(const json& processor) {
    if (processor.is_null()) return;
    const std::string type = type_of(processor, "post-processor");
    if (type == "Sequence") {
      only(processor, "the post-processor Sequence", {"type", "processors"});
      for (const json& part : array(processor, "processors")) read_post_processor(part);
    } else if (type == "TemplateProcessing") {
      read_template(processor);
    } else if (type == "ByteLevel") {  // Changes offsets only.
      only(processor, "the post-processor ByteLevel", {"type", "add_prefix_space", "trim_offsets", "use_regex"});
    } else {
      refuse_type("post-processor", type, "ByteLevel, TemplateProcessing, Sequence of these");
    }
  }

  /// At most one token before the text and one after it. The template for pairs of texts is never used.
  void read_template(const json& processor) {
    only(processor, "the post-processor TemplateProcessing", {"type", "single", "pair", "special_tokens"});
    bool text_seen = false;
    for (const json& piece : array(processor, "single")) {
      only(piece, "a piece of the template", {"Sequence", "SpecialToken"});
      if (piece.contains("Sequence")) {
        if (text_seen) refuse("the template has the text twice");
        text_seen = true;
        continue;
      }
      const std::string name = string(member(piece, "SpecialToken"), "id");
      const json& ids = array(member(member(processor, "special_tokens"), name.c_str()), "ids");
      if (ids.size() != 1) refuse("the template's '", name, "' is not one token");
      const TokenId id = id_of(ids[0], name);
      bool& adds = text_seen ? data_.add_eos : data_.add_bos;
      std::optional<TokenId>& token = text_seen ? data_.eos : data_.bos;
      if (adds) refuse("the template adds more than one token on one side of the text");
      if (token && token != id) refuse("the template adds '", name, "', which is not tokenizer_config.json's token");
      adds = true;
      token = id;
    }
    if (!text_seen) refuse("the template has no text");
  }

  /// transformers lets this file override the template for some models; where the two differ nobody knows.
  void check_config_agrees(const json& config) const {
    if (config.is_null()) return;
    const auto check = [&](const char* key, bool adds) {
      if (boolean(config, key, adds) != adds)
        refuse("tokenizer_config.json's ", key, " is ", adds ? "false" : "true",
               ", but the post-processor says otherwise");
    };
    check("add_bos_token", data_.add_bos);
    check("add_eos_token", data_.add_eos);
  }

  TokenizerData data_;
  std::unordered_map<std::string, TokenId> ids_;
};

}  // namespace detail

/// The tokenizer of a Hugging Face folder: its tokenizer.json and its tokenizer_config.json (null where there is none).
/// Errors: InputError for what is malformed or not supported, by name.
[[nodiscard]] inline TokenizerData tokenizer_data_from_json(const nlohmann::json& tokenizer,
                                                            const nlohmann::json& tokenizer_config) {
  return detail::TokenizerJsonReader().read(tokenizer, tokenizer_config);
}

}  // namespace quantlens::inline v0_1
