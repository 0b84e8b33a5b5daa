/// Reads the tokenizer that a model file carries, GGUF or tokenizer.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/text/tokenizer_json.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

class GgufFile;

/// The id of a special token; none where the key is missing or says so with 2^32 - 1, as llama.cpp writes it.
[[nodiscard]] std::optional<std::uint64_t> gguf_token_id(const GgufFile& file, std::string_view key);

/// The tokenizer in a GGUF file's metadata.
/// Errors: InputError for what is missing, malformed or not byte-level BPE of a known family, by name.
/// Source: the keys tokenizer.ggml.* of GGUF's specification; where add_bos_token is absent, llama.cpp's default.
[[nodiscard]] TokenizerData tokenizer_data_from_gguf(const GgufFile& file);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/text/tokenizer_data_impl.hpp"
#endif
