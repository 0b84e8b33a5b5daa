/// Says what a folder holds instead of a model that can be read, and what to do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// The names of what lies in a folder, sorted; empty where it cannot be read.
[[nodiscard]] inline std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// Whether a folder has something of that name, be it a link that leads nowhere: opening it then says so.
[[nodiscard]] inline bool has_entry(const std::filesystem::path& folder, std::string_view name) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(folder / name, error));
}

/// Those that end in one of the endings.
[[nodiscard]] inline std::vector<std::string> ending_in(const std::vector<std::string>& names,
                                                        std::initializer_list<std::string_view> endings) {
  std::vector<std::string> found;
  for (const std::string& name : names)
    if (std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); }))
      found.push_back(name);
  return found;
}

/// "'a', 'b' and 3 more"
[[nodiscard]] inline std::string quoted_list(const std::vector<std::string>& names) {
  constexpr std::size_t most = 6;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
    list += concat(i == 0 ? "" : i + 1 == names.size() ? " and " : ", ", "'", names[i], "'");
  return names.size() > most ? concat(list, " and ", names.size() - most, " more") : list;
}

/// "of 'x' " where the adapter says what it was trained on.
[[nodiscard]] inline std::string adapter_base(const std::filesystem::path& folder) {
  try {
    const nlohmann::json config = read_json_file(folder / "adapter_config.json");
    return concat("of '", config.at("base_model_name_or_path").get<std::string>(), "' ");
  } catch (const std::exception&) {
    return {};  // The message does without.
  }
}

/// Folders directly below it, and the snapshots of a Hugging Face cache, that hold a config.json.
[[nodiscard]] inline std::vector<std::string> model_folders_below(const std::filesystem::path& folder,
                                                                  const std::vector<std::string>& names) {
  std::error_code error;
  std::vector<std::string> found;
  const auto add = [&](const std::string& name) {
    if (std::filesystem::is_regular_file(folder / name / "config.json", error)) found.push_back(name);
  };
  for (const std::string& name : names) add(name);
  for (const std::string& name : names_in(folder / "snapshots")) add("snapshots/" + name);
  return found;
}

}  // namespace detail

/// What a folder without the files of a model holds instead, as a clause that follows a semicolon.
[[nodiscard]] inline std::string describe_foreign_folder(const std::filesystem::path& folder) {
  const std::vector<std::string> names = detail::names_in(folder);
  const auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  if (names.empty()) return "; the folder is empty";
  for (const std::string& name : names)
    if (name.starts_with('.') && name.ends_with(".tmp"))
      return concat(", but '", name, "', a file that was never finished; write or copy the folder again");
  if (has("adapter_config.json"))
    return concat("; it is a LoRA or other PEFT adapter ", detail::adapter_base(folder),
                  "(adapter_config.json): merge it into its base model first (peft: merge_and_unload(), then "
                  "save_pretrained(folder)) and name that folder");
  if (const auto files = detail::ending_in(names, {".gguf"}); !files.empty())
    return concat("; it holds GGUF files: name ", files.size() == 1 ? "it" : "one of them", " as the model, not the ",
                  "folder: ", detail::quoted_list(files));
  if (const auto files = detail::ending_in(names, {".bin", ".pt", ".pth", ".ckpt"}); !files.empty())
    return concat("; it holds ", detail::quoted_list(files),
                  " in PyTorch's format, which is not read: convert it to safetensors, for example with "
                  "AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder) of transformers");
  if (const auto files = detail::ending_in(names, {".h5", ".msgpack", ".onnx", ".npz", ".tflite"}); !files.empty())
    return concat("; it holds ", detail::quoted_list(files),
                  ", a format that is not read: convert the model to safetensors or GGUF");
  if (const auto below = detail::model_folders_below(folder, names); !below.empty())
    return concat("; name the folder below it that holds the model: ", detail::quoted_list(below));
  return "; a model is a folder with config.json, tokenizer.json and model.safetensors, or a GGUF file";
}

}  // namespace quantlens::inline QUANTLENS_ABI
