/// What write.hpp declares, defined.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "quantlens/checkpoints/modules.hpp"
#include "quantlens/checkpoints/write.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/io/atomic_file.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/io/safetensors_writer.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE nlohmann::json quantization_config(const ModelWeights& weights, CheckpointFormat format) {
  return detail::quantization_config(detail::linear_modules(weights), weights.config.tied_embeddings, format);
}

QUANTLENS_INLINE void require_checkpoint_source(const ModelFile& model) {
  if (model.weights.config.record().fuses_qkv())
    throw InputError("checkpoint", concat(model.weights.config.architecture,
                                          " models, whose q, k and v are one matrix, are not written; use the format "
                                          "in memory (--formats of quantlens_bench)"));
  if (!std::filesystem::is_directory(model.path))
    throw InputError("checkpoint", concat(model.path.string(), ": a Hugging Face folder can be written only from one; ",
                                          "write a GGUF file instead"));
}

QUANTLENS_INLINE void write_checkpoint(const ModelFile& model, const std::filesystem::path& folder,
                                       CheckpointFormat format) {
  namespace fs = std::filesystem;
  require_checkpoint_source(model);
  if (fs::exists(folder / "config.json") || fs::exists(folder / "model.safetensors.index.json"))
    throw InputError("checkpoint", concat(folder.string(), ": holds a model already; name a new folder"));
  const HfFolder source = HfFolder::open(model.path);
  nlohmann::json config = source.config();
  config["quantization_config"] = quantization_config(model.weights, format);
  config[model_name_key] = model.name;
  OutputTensors tensors = detail::checkpoint_tensors(model.weights, format);
  for (OutputTensor& tensor : tensors)
    tensor.write = [write = std::move(tensor.write)](const ByteSink& sink) {
      InterruptGuard::check();
      write(sink);
    };

  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error("write", concat("cannot create ", folder.string(), ": ", error.message()));
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json",
                           "merges.txt", "chat_template.jinja", "generation_config.json"})
    if (fs::exists(model.path / name)) {
      const MappedFile file = MappedFile::open(model.path / name);
      write_file_atomically(folder / name, file.text());
    }
  write_safetensors(folder / "model.safetensors", tensors);
  write_file_atomically(folder / "config.json", config.dump(2) + "\n");
}

}  // namespace quantlens::inline QUANTLENS_ABI
