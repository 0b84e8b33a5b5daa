/// From a model file to weights and tokenizer: a .gguf file or a Hugging Face folder.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "quantlens/jinja/chat_rules.hpp"
#include "quantlens/text/tokenizer_data.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline QUANTLENS_ABI {

class GgufFile;
class HfFolder;

/// Everything that a model file says.
struct ModelFile {
  ModelWeights weights;
  TokenizerData tokenizer;
  std::string chat_template;  ///< Jinja; empty: none.
  ChatRules chat;             ///< What the template lets a chat hold.
  std::string bos_text;       ///< How chat templates spell the begin-of-text token; empty: none.
  std::string eos_text;
  std::string sha256;  ///< As GgufFile::sha256 or HfFolder::sha256 defines it.
  std::filesystem::path path;
  /// What the model is called: general.name of a GGUF file; what a folder that quantlens wrote says it was made from,
  /// else the folder's own name.
  std::string name;

  /// What was read otherwise than the files say, a sentence each, for the user to see.
  [[nodiscard]] std::vector<std::string> notes() const {
    std::vector<std::string> all = weights.notes;
    all.insert(all.end(), tokenizer.notes.begin(), tokenizer.notes.end());
    if (std::string note = note_on(chat); !note.empty()) all.push_back(std::move(note));
    return all;
  }
};

/// The key of config.json under which write_checkpoint keeps a model's name. transformers' own _name_or_path is not
/// read: there fine-tuned models say what they were trained from, which is another model.
inline constexpr const char* model_name_key = "quantlens_model_name";

/// What config.json calls the kind of model; empty where it doesn't say.
[[nodiscard]] std::string model_type_of(const nlohmann::json& config);

/// The weights of a GGUF file. Errors: as load_model.
[[nodiscard]] ModelWeights weights_from_gguf(const std::shared_ptr<const GgufFile>& file);

/// A model from an opened GGUF file. One that has no general.name is called as the file, without its extension and
/// without the number of its part.
[[nodiscard]] ModelFile load_gguf(GgufFile opened);

/// A model from an opened Hugging Face folder.
[[nodiscard]] ModelFile load_hf(HfFolder opened);

/// Loads a .gguf file or a Hugging Face folder; the weights stay mapped.
/// Errors: InputError or FormatError naming the file and what is wrong with it: `file`, `gguf`, `safetensors`, `json`,
/// `hf_folder`, `gguf_key`, `config`, `unknown_name`, `tensor_type`, `missing_tensor`, `unexpected_tensor`, `shape`,
/// `not_finite`, `tokenizer`, `checkpoint`, `group_size`.
[[nodiscard]] ModelFile load_model(const std::filesystem::path& path);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/checkpoints/load_impl.hpp"
#endif
