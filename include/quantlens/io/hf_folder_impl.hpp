/// What hf_folder.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/file_kind.hpp"
#include "quantlens/io/foreign_folder.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE nlohmann::json read_folder_json(const std::filesystem::path& folder, const std::string& name) {
  if (!detail::has_entry(folder, name)) return nullptr;
  nlohmann::json value =
      parse_json_strict(open_as(FileKind::json, folder / name).text(), name, LargeIntegers::as_floats);
  if (!value.is_object()) throw FormatError("json", name, 0, "should be an object");
  return value;
}

QUANTLENS_INLINE void refuse_tokenizer(const std::filesystem::path& folder) {
  const auto slow = detail::ending_in(detail::names_in(folder),
                                      {"tokenizer.model", "vocab.json", "merges.txt", "vocab.txt", ".tiktoken"});
  throw InputError("hf_folder",
                   concat(folder.string(), ": no tokenizer.json",
                          slow.empty() ? detail::has_entry(folder, "config.json")
                                             ? "; download it, or copy it from the model that this one was made from"
                                             : describe_foreign_folder(folder)
                                       : concat(", only ", detail::quoted_list(slow),
                                                "; make it with AutoTokenizer.from_pretrained(folder).save_pretrained("
                                                "folder) of transformers")));
}

QUANTLENS_INLINE HfFolder HfFolder::open(const std::filesystem::path& folder) {
  HfFolder opened;
  opened.path_ = folder;
  if (!opened.has_file("config.json")) opened.fail(concat("no config.json", describe_foreign_folder(folder)));
  opened.refuse_adapter();
  opened.config_ = opened.read_json("config.json");
  opened.generation_config_ = opened.read_json("generation_config.json");
  opened.tokenizer_ = opened.read_json("tokenizer.json");
  opened.tokenizer_config_ = opened.read_json("tokenizer_config.json");
  const auto quantization = opened.config_.find("quantization_config");
  if (quantization == opened.config_.end() || quantization->is_null()) {
    opened.quantize_config_ = opened.read_json("quantize_config.json");
    opened.quant_config_ = opened.read_json("quant_config.json");
  }
  opened.read_chat_template();
  opened.open_weights();
  return opened;
}

QUANTLENS_INLINE std::string HfFolder::sha256() const {
  auto hashes = hashes_;
  for (const SafetensorsFile& shard : shards_) hashes.emplace_back(shard.name(), sha256_hex(shard.bytes()));
  std::sort(hashes.begin(), hashes.end());
  Sha256 all;
  for (const auto& [name, hash] : hashes) all.update(concat(hash, " ", name, "\n"));
  return all.hex();
}

QUANTLENS_INLINE void HfFolder::fail(std::string_view why) const {
  throw InputError("hf_folder", concat(path_.string(), ": ", why));
}

QUANTLENS_INLINE void HfFolder::refuse_adapter() const {
  if (!has_file("adapter_config.json")) return;
  if (has_file("adapter_model.safetensors") || has_file("adapter_model.bin"))
    fail(concat("holds an adapter ", detail::adapter_base(path_), "(adapter_config.json) beside config.json; merge it ",
                "into its base model (peft: merge_and_unload()), or move the adapter's files away to read the ",
                "folder's own weights"));
}

QUANTLENS_INLINE std::string HfFolder::read_text(const std::string& name) {
  const MappedFile file = open_as(FileKind::text, path_ / name);
  hashes_.emplace_back(name, sha256_hex(file.bytes()));
  return std::string(file.text());
}

QUANTLENS_INLINE nlohmann::json HfFolder::read_json(const std::string& name) {
  nlohmann::json value = read_folder_json(path_, name);
  if (!value.is_null()) hashes_.emplace_back(name, sha256_hex(MappedFile::open(path_ / name).bytes()));
  return value;
}

QUANTLENS_INLINE void HfFolder::read_chat_template() {
  if (has_file("chat_template.jinja")) {
    chat_template_ = read_text("chat_template.jinja");
    return;
  }
  const auto found = tokenizer_config_.find("chat_template");
  if (found == tokenizer_config_.end() || found->is_null()) return;
  if (found->is_string()) {
    chat_template_ = found->get<std::string>();
    return;
  }
  chat_template_problem_ = "tokenizer_config.json: chat_template is neither a string nor a list";
  if (!found->is_array()) return;
  std::string names;
  for (const auto& named : *found) {
    chat_template_problem_ = "tokenizer_config.json: chat_template should list objects of a name and a template";
    if (!named.is_object() || !named.contains("name") || !named.contains("template") || !named["name"].is_string() ||
        !named["template"].is_string())
      return;
    if (named["name"] == "default") chat_template_ = named["template"].get<std::string>();
    names += " '" + named["name"].get<std::string>() + "'";
  }
  chat_template_problem_ = "tokenizer_config.json: no chat_template is named 'default'; there are:" + names;
  if (!chat_template_.empty()) chat_template_problem_.clear();
}

QUANTLENS_INLINE void HfFolder::open_weights() {
  const std::string whole_name = "model.safetensors", index_name = "model.safetensors.index.json";
  if (has_file(whole_name)) {
    if (has_file(index_name)) note(concat(whole_name, " is read; ", index_name, " and its shards are not"));
    return open_whole(whole_name);
  }
  if (has_file(index_name)) return open_shards(index_name);
  const std::vector<std::string> names = detail::names_in(path_);
  const auto indices = detail::ending_in(names, {".safetensors.index.json"});
  const auto files = detail::ending_in(names, {".safetensors"});
  const std::string missing = concat("neither ", whole_name, " nor ", index_name);
  const std::string base_name =
      quantize_config_.is_object() ? text_or_empty(quantize_config_, "model_file_base_name") : std::string();
  if (const std::string named = base_name + ".safetensors"; std::ranges::find(files, named) != files.end())
    return open_whole(named);
  if (indices.size() == 1) {
    note(concat("the shards of ", indices.front(), " are read, since there is ", missing));
    return open_shards(indices.front());
  }
  if (files.empty() || has_file("adapter_config.json")) fail(concat(missing, describe_foreign_folder(path_)));
  if (std::ranges::any_of(files, [](const std::string& name) { return name.find("-of-") != std::string::npos; }))
    fail(concat(missing, ", but ", detail::quoted_list(files), "; the index is missing, download it too"));
  if (files.size() > 1)
    fail(concat(missing, ", but ", detail::quoted_list(files), "; rename the one that is meant to ", whole_name));
  note(concat(files.front(), " is read, since there is ", missing));
  open_whole(files.front());
}

QUANTLENS_INLINE std::string HfFolder::text_or_empty(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

QUANTLENS_INLINE void HfFolder::open_whole(const std::string& name) {
  const SafetensorsFile& shard = shards_.emplace_back(SafetensorsFile::open(path_ / name));
  for (const SafetensorsTensor& tensor : shard.tensors()) tensors_.push_back({&tensor, &shard});
}

QUANTLENS_INLINE void HfFolder::open_shards(const std::string& index_name) {
  const nlohmann::json index = read_json(index_name);
  const auto map = index.find("weight_map");
  if (map == index.end() || !map->is_object()) fail("the index has no weight_map");
  std::map<std::string, const SafetensorsFile*> opened;
  for (const auto& [tensor_name, file] : map->items()) {
    if (!file.is_string()) fail(concat("the index maps '", tensor_name, "' to no file name"));
    const auto file_name = file.get<std::string>();
    const SafetensorsFile*& shard = opened[file_name];
    if (shard == nullptr) shard = &open_shard(file_name);
    const SafetensorsTensor* tensor = shard->find(tensor_name);
    if (tensor == nullptr) fail(concat("the index expects '", tensor_name, "' in '", file_name, "'"));
    tensors_.push_back({tensor, shard});
  }
  std::set<std::string_view> unlisted;
  for (const auto& [file_name, shard] : opened) add_unlisted(*shard, *map, unlisted);
}

QUANTLENS_INLINE const SafetensorsFile& HfFolder::open_shard(const std::string& file_name) {
  // An index must not reach outside its own folder.
  if (file_name.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos ||
      file_name.find("..") != std::string::npos || !file_name.ends_with(".safetensors"))
    fail(concat("the index names a shard '", file_name, "', which is no file name in this folder"));
  if (!has_file(file_name)) fail(concat("shard '", file_name, "' is missing; is the download complete?"));
  return shards_.emplace_back(SafetensorsFile::open(path_ / file_name));
}

QUANTLENS_INLINE void HfFolder::add_unlisted(const SafetensorsFile& shard, const nlohmann::json& map,
                                             std::set<std::string_view>& seen) {
  std::vector<std::string> copies, unlisted;
  for (const SafetensorsTensor& tensor : shard.tensors()) {
    const auto listed = map.find(tensor.name);
    if (listed == map.end()) {
      if (!seen.insert(tensor.name).second)
        fail(concat("'", tensor.name, "' is in several shards and not in the index; which one is meant?"));
      tensors_.push_back({&tensor, &shard});
      unlisted.push_back(tensor.name);
    } else if (*listed != shard.name()) {
      copies.push_back(tensor.name);
    }
  }
  if (!copies.empty())
    note(concat(shard.name(), " also holds ", detail::quoted_list(copies),
                copies.size() == 1 ? ", which is" : ", which are", " read from where the index says"));
  if (!unlisted.empty())
    note(concat(shard.name(), " holds ", detail::quoted_list(unlisted), ", which the index does not list, but ",
                unlisted.size() == 1 ? "is" : "are", " read"));
}

}  // namespace quantlens::inline QUANTLENS_ABI
