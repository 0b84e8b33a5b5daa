/// Writes a model whose linear layers hold codes as a Hugging Face folder that other programs load.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "quantlens/checkpoints/load.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How codes are laid out in a Hugging Face folder. GPTQ's second version is the one to choose for zero points that are
/// not all in the middle: readers of the first disagree about a zero point of 0.
enum class CheckpointFormat { gptq, gptq_v2, awq, bnb_4bit, bnb_int8 };

/// The quantization_config that goes with the tensors of a model.
/// Errors: InputError `checkpoint` where no matrix holds codes, or they differ in what the format says once for all.
[[nodiscard]] nlohmann::json quantization_config(const ModelWeights& weights, CheckpointFormat format);

/// Errors: InputError `checkpoint` for a model whose folder has no tokenizer files to copy, since it is none, and for a
/// family whose q, k and v are stored as one matrix.
void require_checkpoint_source(const ModelFile& model);

/// Writes a folder: the tokenizer's files of the source, model.safetensors, and config.json last, so that a folder cut
/// short does not load. config.json keeps the model's name. A matrix of `model` with codes is written in `format`,
/// exactly or not at all; one without them as it is. quantize() makes such weights of a loaded model's.
/// Errors: InputError `checkpoint` for codes that the format cannot hold, a source that is no Hugging Face folder and a
/// target that holds a model already; Error `write`.
void write_checkpoint(const ModelFile& model, const std::filesystem::path& folder, CheckpointFormat format);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/checkpoints/write_impl.hpp"
#endif
