/// Reads Hugging Face's tokenizer.json; what it asks for and we don't do is refused by name.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "quantlens/core/error.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The two sides of a merge written as "a b"; `rank` and `file` are for the message.
[[nodiscard]] std::pair<std::string, std::string> split_merge(std::string_view merge, std::size_t rank,
                                                              std::string_view file);

/// The tokenizer of a Hugging Face folder: its tokenizer.json, its tokenizer_config.json (null where there is none) and
/// the model_type of its config.json (empty where there is none), which decides for some models.
/// Errors: InputError for what is malformed or not supported, by name.
[[nodiscard]] TokenizerData tokenizer_data_from_json(nlohmann::json tokenizer, const nlohmann::json& tokenizer_config,
                                                     std::string_view model_type = {});

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/text/tokenizer_json_impl.hpp"
#endif
