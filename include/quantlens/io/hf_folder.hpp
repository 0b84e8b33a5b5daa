/// A Hugging Face model folder: its JSON files, its chat template and the tensors of all its shards.
#pragma once

#include <deque>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/foreign_folder.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One JSON object of a folder; null where there is no such file. Errors: FormatError `json`; those of open_as.
[[nodiscard]] nlohmann::json read_folder_json(const std::filesystem::path& folder, const std::string& name);

/// Says what a folder without a tokenizer.json has instead. Errors: InputError `hf_folder`.
[[noreturn]] void refuse_tokenizer(const std::filesystem::path& folder);

/// An opened folder. JSON values are null where the file is absent; config.json and the weights must be there.
/// The weights are model.safetensors, else the shards of model.safetensors.index.json, else the only other
/// .safetensors file or index.
/// Errors: InputError `hf_folder` for missing files, a bad index, and what is no model, saying what it is; those of the
/// files' own readers.
class HfFolder {
 public:
  struct Tensor {
    const SafetensorsTensor* tensor;
    const SafetensorsFile* shard;
  };

  [[nodiscard]] static HfFolder open(const std::filesystem::path& folder);

  HfFolder(HfFolder&&) noexcept = default;
  HfFolder& operator=(HfFolder&&) noexcept = default;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const nlohmann::json& config() const { return config_; }
  [[nodiscard]] const nlohmann::json& generation_config() const { return generation_config_; }
  [[nodiscard]] const nlohmann::json& tokenizer() const { return tokenizer_; }
  [[nodiscard]] const nlohmann::json& tokenizer_config() const { return tokenizer_config_; }
  /// AutoGPTQ's and AutoAWQ's own files; null where config.json has a quantization_config, which replaces them.
  [[nodiscard]] const nlohmann::json& quantize_config() const { return quantize_config_; }
  [[nodiscard]] const nlohmann::json& quant_config() const { return quant_config_; }
  /// chat_template.jinja, else the default template of tokenizer_config.json, else empty.
  [[nodiscard]] const std::string& chat_template() const { return chat_template_; }
  /// Why tokenizer_config.json has a chat template that is none; empty: it has one, or nothing of the kind.
  [[nodiscard]] const std::string& chat_template_problem() const { return chat_template_problem_; }
  [[nodiscard]] const std::vector<Tensor>& tensors() const { return tensors_; }
  /// What was chosen among the folder's files, a sentence each.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  /// The SHA-256 of the list "<sha256> <name>\n" of the files used, sorted by name.
  [[nodiscard]] std::string sha256() const;

 private:
  HfFolder() = default;

  [[nodiscard]] bool has_file(std::string_view name) const { return detail::has_entry(path_, name); }
  [[noreturn]] void fail(std::string_view why) const;

  /// A whole model and an adapter in one folder: which of the two is meant is not for us to guess.
  void refuse_adapter() const;

  /// The contents of a small file, noted for the folder's hash.
  std::string read_text(const std::string& name);

  /// Null when there is no such file.
  nlohmann::json read_json(const std::string& name);

  void read_chat_template();

  /// Source: transformers 5, modeling_utils.py: a whole file comes before an index.
  void open_weights();

  [[nodiscard]] static std::string text_or_empty(const nlohmann::json& object, const char* key);

  void open_whole(const std::string& name);

  void open_shards(const std::string& index_name);

  const SafetensorsFile& open_shard(const std::string& file_name);

  /// What a shard holds beside what the index expects of it. A tensor that the index gives to another file is an old
  /// copy; one that it does not list belongs to the model, as for transformers. `seen`: all of those.
  void add_unlisted(const SafetensorsFile& shard, const nlohmann::json& map, std::set<std::string_view>& seen);

  void note(std::string sentence) { notes_.push_back(std::move(sentence)); }

  std::filesystem::path path_;
  nlohmann::json config_, generation_config_, tokenizer_, tokenizer_config_, quantize_config_, quant_config_;
  std::string chat_template_, chat_template_problem_;
  std::deque<SafetensorsFile> shards_;  // a deque, because tensors_ points into it
  std::vector<Tensor> tensors_;
  std::vector<std::pair<std::string, std::string>> hashes_;
  std::vector<std::string> notes_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/io/hf_folder_impl.hpp"
#endif
