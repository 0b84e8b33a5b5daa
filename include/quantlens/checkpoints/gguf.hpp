/// Writes a model as one GGUF file that llama.cpp loads: metadata, tokenizer and tensors in GGUF's own order of rows.
#pragma once

#include <filesystem>
#include <vector>

#include "quantlens/checkpoints/load.hpp"
#include "quantlens/io/ggml_type.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/model_config.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The types that matrices without codes are encoded as: F32, F16, BF16, Q4_0, Q4_1 or Q8_0.
struct GgufTypes {
  GgmlType linear = GgmlType::f16;      ///< Of the blocks' matrices.
  GgmlType embedding = GgmlType::q8_0;  ///< Of the embedding and the output layer.
};

namespace detail {

/// Divisors of the rotary frequencies that amount to Llama 3's scaling. Shape [d_head / 2].
/// Source: transformers 5, modeling_rope_utils.py, _compute_llama3_parameters; llama.cpp, convert_hf_to_gguf.py.
[[nodiscard]] std::vector<float> llama3_freq_factors(const ModelConfig& config);

}  // namespace detail

/// Writes one file, whole or not at all. Matrices with codes keep them: Symmetric 4 bit as Q4_0, Affine 4 bit as Q4_1,
/// Symmetric 8 bit as Q8_0, exactly or not at all; the others become `types`. Vectors are F32.
/// Errors: InputError `gguf` for what no GGUF type holds, `tokenizer` for a tokenizer that llama.cpp does not know;
/// Error `write`.
void write_gguf_model(const ModelFile& model, const std::filesystem::path& path, GgufTypes types);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/checkpoints/gguf_impl.hpp"
#endif
