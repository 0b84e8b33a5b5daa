/// What tokenizer_json.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/text/bpe.hpp"
#include "quantlens/text/pretokenizer.hpp"
#include "quantlens/text/qwen2_class.hpp"
#include "quantlens/text/tokenizer_json.hpp"
#include "quantlens/text/tokenizer_json_members.hpp"
#include "quantlens/text/tokenizer_json_steps.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::pair<std::string, std::string> split_merge(std::string_view merge, std::size_t rank,
                                                                 std::string_view file) {
  const std::size_t blank = merge.find(' ');
  if (blank == merge.npos || blank == 0 || blank + 1 == merge.size() || merge.find(' ', blank + 1) != merge.npos)
    throw InputError("tokenizer", concat(file, ": merge ", rank, " is '", merge, "', not two tokens and a blank"));
  return {std::string(merge.substr(0, blank)), std::string(merge.substr(blank + 1))};
}

namespace detail {

/// One reading of tokenizer.json. Every member that it meets is either used, known to change nothing, or refused.
class TokenizerJsonReader : private TokenizerJsonMembers {
 public:
  [[nodiscard]] TokenizerData read(const json& tokenizer, const json& config) {
    only(tokenizer, "tokenizer.json",
         {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
          "decoder", "model"});
    for (const char* key : {"truncation", "padding"})
      if (!is_null(tokenizer, key))
        note("tokenizer.json sets ", key, ", which is not applied: texts are taken as they are");
    TokenizerStepsReader steps(data_);
    steps.read_normalizer(tokenizer.value("normalizer", json()));
    steps.read_pre_tokenizer(tokenizer.value("pre_tokenizer", json()));
    steps.read_decoder(tokenizer.value("decoder", json()));
    read_model(member(tokenizer, "model"));
    read_added_tokens(tokenizer.value("added_tokens", json::array()));
    read_config_tokens(config);
    place_tokens();
    name_pre_tokenizer();
    check_first_blank();
    complete_decoder();
    read_post_processor(tokenizer.value("post_processor", json()));
    read_config(config);
    if (const auto missing = note_on_missing_bytes(data_)) note("tokenizer.json: ", *missing);
    return std::move(data_);
  }

 private:
  template <class... Parts>
  void note(const Parts&... parts) {
    data_.notes.push_back(concat(parts...));
  }

  void read_model(const json& model) {
    // Files from before 2020 leave the type of a BPE model out.
    const std::string type = model.is_object() ? string(model, "type", "BPE") : "BPE";
    if (type == "BPE")
      read_bpe(model);
    else if (type == "WordPiece")
      read_word_piece(model);
    else
      refuse_type("model", type, "BPE, WordPiece");
  }

  void read_word_piece(const json& model) {
    only(model, "the model", {"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
    data_.kind = SubwordKind::word_piece;
    data_.continuing_prefix = string(model, "continuing_subword_prefix", "##");
    data_.most_word_characters = is_null(model, "max_input_chars_per_word")
                                     ? 100
                                     : static_cast<std::size_t>(id_of(model["max_input_chars_per_word"],
                                                                      "the model's max_input_chars_per_word"));
    read_vocab(model);
    const std::string unknown = string(model, "unk_token", "[UNK]");
    const auto found = ids_.find(unknown);
    if (found == ids_.end()) refuse("the model's unk_token '", unknown, "' is not in the vocabulary");
    data_.fallback = found->second;
  }

  void read_vocab(const json& model) {
    const json& vocab = member(model, "vocab");
    if (!vocab.is_object()) refuse("the model's vocab is not an object");
    for (const auto& entry : vocab.items()) ids_.emplace(entry.key(), id_of(entry.value(), entry.key()));
  }

  void read_bpe(const json& model) {
    only(model, "the model",
         {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
          "byte_fallback", "ignore_merges", "vocab", "merges"});
    if (!is_null(model, "dropout") && model["dropout"] != 0.0) refuse("the model's dropout is not supported");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (!is_null(model, key) && string(model, key) != "") refuse("the model's ", key, " is not supported");
    data_.ignore_merges = boolean(model, "ignore_merges", false);
    data_.fuse_fallback = boolean(model, "fuse_unk", false);
    // Byte-level text has no characters that bytes could spell.
    data_.byte_fallback = boolean(model, "byte_fallback", false) && !data_.byte_level;
    read_vocab(model);
    if (!is_null(model, "unk_token")) {
      const std::string unknown = string(model, "unk_token");
      const auto found = ids_.find(unknown);
      if (found != ids_.end())
        data_.fallback = found->second;
      else
        note("tokenizer.json's unk_token '", unknown, "' is not in the vocabulary: what no token spells is left out");
    }
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

  void read_added_tokens(const json& added_tokens) {
    if (!added_tokens.is_array()) refuse("'added_tokens' is not an array");
    for (const json& entry : added_tokens) {
      only(entry, "an added token", {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
      add_token(entry, id_of(member(entry, "id"), string(entry, "content")));
    }
  }

  void add_token(const json& entry, TokenId id) {
    AddedToken token;
    token.content = string(entry, "content");
    token.id = id;
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

  /// Adds what stands in tokenizer_config.json's added_tokens_decoder alone.
  void read_config_tokens(const json& config) {
    if (config.is_null()) return;
    if (!config.is_object()) refuse("tokenizer_config.json is not an object");
    if (is_null(config, "added_tokens_decoder")) return;
    const json& decoder = config["added_tokens_decoder"];
    if (!decoder.is_object()) refuse("tokenizer_config.json's added_tokens_decoder is not an object");
    std::vector<std::string> added;
    for (const auto& [key, entry] : decoder.items()) {
      const std::string content = string(entry, "content");
      const auto is_it = [&](const AddedToken& token) { return token.content == content; };
      if (std::any_of(data_.added_tokens.begin(), data_.added_tokens.end(), is_it)) continue;
      // A token of the vocabulary keeps its id.
      const auto known = ids_.find(content);
      add_token(entry, known == ids_.end() ? id_of_key(key) : known->second);
      added.push_back(content);
    }
    if (!added.empty())
      note(added.size(), added.size() == 1 ? " token (" : " tokens (the first is ", added.front(),
           ") of tokenizer_config.json's added_tokens_decoder that tokenizer.json lacks ",
           added.size() == 1 ? "is" : "are", " added");
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

  void name_pre_tokenizer() {
    data_.pre_tokenizer = "custom";
    if (!data_.byte_level) return;
    for (const PreTokenizerFamily& family : pre_tokenizer_families())
      if (family.steps() == data_.pre_tokenizers && data_.pre_tokenizer == "custom") data_.pre_tokenizer = family.name;
  }

  /// The reference takes a text whose blanks were stripped for one that began earlier.
  void check_first_blank() const {
    const auto& before = data_.normalizers;
    const auto& after = data_.pre_tokenizers;
    if (std::any_of(before.begin(), before.end(),
                    [](const auto& step) { return step.kind == NormalizerStep::Kind::strip && step.left; }) &&
        std::any_of(after.begin(), after.end(),
                    [](const auto& step) { return step.prefix == PreTokenizerStep::Prefix::first; }))
      refuse("the normalizer Strip of the left side with prepend_scheme first is not supported");
  }

  /// Older files have no decoder. The reference then puts blanks between spellings, which is no text.
  void complete_decoder() {
    if (!data_.decoders.empty()) return;
    const bool is_word_piece = data_.kind == SubwordKind::word_piece;
    note("tokenizer.json has no decoder: tokens become text as ",
         is_word_piece      ? "WordPiece's"
         : data_.byte_level ? "byte-level"
                            : "SentencePiece's",
         " ones do");
    using Kind = DecoderStep::Kind;
    if (is_word_piece)
      data_.decoders = {{.kind = Kind::word_piece, .pattern = data_.continuing_prefix}};
    else if (data_.byte_level)
      data_.decoders = {{.kind = Kind::byte_level}};
    else
      data_.decoders = {{.kind = Kind::replace, .pattern = "\u2581", .content = " "},
                        {.kind = Kind::byte_fallback},
                        {.kind = Kind::fuse},
                        {.kind = Kind::strip, .pattern = " ", .start = 1}};
  }

  /// The names of BOS, EOS and UNK stand in tokenizer_config.json; each is a string or an added token's object. Where
  /// it and the post-processor differ, the post-processor counts, as in transformers.
  void read_config(const json& config) {
    if (config.is_null()) return;
    const auto named = [&](const char* key) -> std::optional<TokenId> {
      if (is_null(config, key)) return std::nullopt;
      const std::string token = config[key].is_object() ? string(config[key], "content") : string(config, key);
      const auto found = ids_.find(token);
      if (found != ids_.end()) return found->second;
      note("tokenizer_config.json's ", key, " '", token, "' is not in the vocabulary and is not used");
      return std::nullopt;
    };
    const auto choose = [&](const char* key, bool added, std::optional<TokenId>& token) {
      const std::optional<TokenId> name = named(key);
      if (!added)
        token = name;
      else if (name && name != token)
        note("tokenizer.json's post-processor adds '", data_.tokens[static_cast<std::size_t>(*token)],
             "', tokenizer_config.json's ", key, " is '", data_.tokens[static_cast<std::size_t>(*name)],
             "': the post-processor counts");
    };
    choose("bos_token", data_.add_bos, data_.bos);
    choose("eos_token", data_.add_eos, data_.eos);
    data_.unk = named("unk_token");
    const auto compare = [&](const char* key, bool adds) {
      if (boolean(config, key, adds) != adds)
        note("tokenizer_config.json's ", key, " is ", adds ? "false" : "true", ", tokenizer.json's ",
             adds ? "post-processor adds the token" : "post-processor adds none", ": the post-processor counts");
    };
    compare("add_bos_token", data_.add_bos);
    compare("add_eos_token", data_.add_eos);
    const bool has_prefix = std::any_of(data_.pre_tokenizers.begin(), data_.pre_tokenizers.end(), [](const auto& step) {
      return step.kind == PreTokenizerStep::Kind::blank_in_front;
    });
    if (data_.byte_level && boolean(config, "add_prefix_space", has_prefix) != has_prefix)
      note("tokenizer_config.json's add_prefix_space is ", has_prefix ? "false" : "true",
           ", tokenizer.json's pre-tokenizer says otherwise: tokenizer.json counts");
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
    } else if (type == "BertProcessing" || type == "RobertaProcessing") {
      only(processor, "the post-processor " + type, {"type", "sep", "cls", "trim_offsets", "add_prefix_space"});
      data_.bos = named_id(processor, "cls");
      data_.eos = named_id(processor, "sep");
      data_.add_bos = data_.add_eos = true;
    } else {
      refuse_type("post-processor", type,
                  "ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing, Sequence of these");
    }
  }

  /// The id of a token that is written as ["[SEP]", 102].
  static TokenId named_id(const json& processor, const char* key) {
    const json& pair = array(processor, key);
    if (pair.size() != 2) refuse("'", key, "' is not a token and its id");
    return id_of(pair[1], key);
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
      adds = true;
      token = id;
    }
    if (!text_seen) refuse("the template has no text");
  }

  TokenizerData data_;
  std::unordered_map<std::string, TokenId> ids_;
};

}  // namespace detail

QUANTLENS_INLINE TokenizerData tokenizer_data_from_json(nlohmann::json tokenizer,
                                                        const nlohmann::json& tokenizer_config,
                                                        std::string_view model_type) {
  std::vector<std::string> notes;
  if (detail::Qwen2Class::applies(model_type, tokenizer_config))
    notes = detail::Qwen2Class::rewrite(tokenizer, tokenizer_config);
  TokenizerData data = detail::TokenizerJsonReader().read(tokenizer, tokenizer_config);
  data.notes.insert(data.notes.begin(), notes.begin(), notes.end());
  return data;
}

}  // namespace quantlens::inline QUANTLENS_ABI
