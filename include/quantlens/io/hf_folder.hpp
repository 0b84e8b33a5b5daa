/// A Hugging Face model folder: its JSON files, its chat template and the tensors of all its shards.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/io/utf8.hpp"

namespace quantlens::inline v0_1 {

/// An opened folder. JSON values are null where the file is absent; config.json and the weights must be there.
/// Errors: InputError `hf_folder` for missing files and a bad index; those of the files' own readers.
class HfFolder {
 public:
  struct Tensor {
    const SafetensorsTensor* tensor;
    const SafetensorsFile* shard;
  };

  [[nodiscard]] static HfFolder open(const std::filesystem::path& folder) {
    HfFolder opened;
    opened.path_ = folder;
    if (!opened.has_file("config.json")) opened.fail(concat("no config.json", opened.unfinished()));
    opened.config_ = opened.read_json("config.json");
    opened.generation_config_ = opened.read_json("generation_config.json");
    opened.tokenizer_ = opened.read_json("tokenizer.json");
    opened.tokenizer_config_ = opened.read_json("tokenizer_config.json");
    opened.read_chat_template();
    opened.open_weights();
    return opened;
  }

  HfFolder(HfFolder&&) noexcept = default;
  HfFolder& operator=(HfFolder&&) noexcept = default;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const nlohmann::json& config() const { return config_; }
  [[nodiscard]] const nlohmann::json& generation_config() const { return generation_config_; }
  [[nodiscard]] const nlohmann::json& tokenizer() const { return tokenizer_; }
  [[nodiscard]] const nlohmann::json& tokenizer_config() const { return tokenizer_config_; }
  /// chat_template.jinja, else the default template of tokenizer_config.json, else empty.
  [[nodiscard]] const std::string& chat_template() const { return chat_template_; }
  [[nodiscard]] const std::vector<Tensor>& tensors() const { return tensors_; }

  /// The SHA-256 of the list "<sha256> <name>\n" of the files used, sorted by name.
  [[nodiscard]] std::string sha256() const {
    auto hashes = hashes_;
    for (const SafetensorsFile& shard : shards_) hashes.emplace_back(shard.name(), sha256_hex(shard.bytes()));
    std::sort(hashes.begin(), hashes.end());
    Sha256 all;
    for (const auto& [name, hash] : hashes) all.update(concat(hash, " ", name, "\n"));
    return all.hex();
  }

 private:
  HfFolder() = default;

  [[nodiscard]] bool has_file(std::string_view name) const { return std::filesystem::exists(path_ / name); }
  [[noreturn]] void fail(std::string_view why) const {
    throw InputError("hf_folder", concat(path_.string(), ": ", why));
  }

  /// What a writer that was stopped leaves behind, as a clause of a message.
  [[nodiscard]] std::string unfinished() const {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with('.') && name.ends_with(".tmp"))
        return concat(", but '", name, "', a file that was never finished; write or copy the folder again");
    }
    return {};
  }

  /// The contents of a small file, noted for the folder's hash.
  std::string read_text(const std::string& name) {
    const MappedFile file = MappedFile::open(path_ / name);
    hashes_.emplace_back(name, sha256_hex(file.bytes()));
    return std::string(file.text());
  }

  /// Null when there is no such file.
  nlohmann::json read_json(const std::string& name) {
    if (!has_file(name)) return nullptr;
    nlohmann::json value = parse_json_strict(read_text(name), name, LargeIntegers::as_floats);
    if (!value.is_object()) throw FormatError("json", name, 0, "should be an object");
    return value;
  }

  void read_chat_template() {
    if (has_file("chat_template.jinja")) {
      chat_template_ = read_text("chat_template.jinja");
      if (const auto bad = first_invalid_utf8(chat_template_))
        throw FormatError("utf8", "chat_template.jinja", *bad, "not UTF-8");
      return;
    }
    const auto found = tokenizer_config_.find("chat_template");
    if (found == tokenizer_config_.end() || found->is_null()) return;
    if (found->is_string()) {
      chat_template_ = found->get<std::string>();
      return;
    }
    if (!found->is_array()) fail("tokenizer_config.json: chat_template is neither a string nor a list");
    for (const auto& named : *found) {
      if (!named.is_object() || !named.contains("name") || !named.contains("template") || !named["name"].is_string() ||
          !named["template"].is_string())
        fail("tokenizer_config.json: chat_template should list objects of a name and a template");
      if (named["name"] == "default") chat_template_ = named["template"].get<std::string>();
    }
    if (chat_template_.empty()) fail("tokenizer_config.json: no chat_template is named 'default'");
  }

  void open_weights() {
    constexpr std::string_view index_name = "model.safetensors.index.json";
    if (has_file("model.safetensors")) {
      const SafetensorsFile& shard = shards_.emplace_back(SafetensorsFile::open(path_ / "model.safetensors"));
      for (const SafetensorsTensor& tensor : shard.tensors()) tensors_.push_back({&tensor, &shard});
    } else if (has_file(index_name)) {
      open_shards(read_json(std::string(index_name)));
    } else {
      fail(concat("neither model.safetensors nor ", index_name, unfinished()));
    }
  }

  void open_shards(const nlohmann::json& index) {
    const auto map = index.find("weight_map");
    if (map == index.end() || !map->is_object()) fail("the index has no weight_map");
    std::unordered_map<std::string, const SafetensorsFile*> opened;
    std::size_t n_stored = 0;
    for (const auto& [tensor_name, file] : map->items()) {
      if (!file.is_string()) fail(concat("the index maps '", tensor_name, "' to no file name"));
      const auto file_name = file.get<std::string>();
      const SafetensorsFile*& shard = opened[file_name];
      if (shard == nullptr) {
        // An index must not reach outside its own folder.
        if (file_name.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos ||
            file_name.find("..") != std::string::npos || !file_name.ends_with(".safetensors"))
          fail(concat("the index names a shard '", file_name, "', which is no file name in this folder"));
        if (!has_file(file_name)) fail(concat("shard '", file_name, "' is missing; is the download complete?"));
        shard = &shards_.emplace_back(SafetensorsFile::open(path_ / file_name));
        n_stored += shard->tensors().size();
      }
      const SafetensorsTensor* tensor = shard->find(tensor_name);
      if (tensor == nullptr) fail(concat("the index expects '", tensor_name, "' in '", file_name, "'"));
      tensors_.push_back({tensor, shard});
    }
    if (n_stored != tensors_.size())
      fail(concat("the shards hold ", n_stored, " tensors, the index lists ", tensors_.size()));
  }

  std::filesystem::path path_;
  nlohmann::json config_, generation_config_, tokenizer_, tokenizer_config_;
  std::string chat_template_;
  std::deque<SafetensorsFile> shards_;  // a deque, because tensors_ points into it
  std::vector<Tensor> tensors_;
  std::vector<std::pair<std::string, std::string>> hashes_;
};

}  // namespace quantlens::inline v0_1
