/// JSON read strictly: what is ambiguous or does not fit is an error, never a guess.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What becomes of integers beyond 64 bits. Hugging Face's files write "no limit" as 10^30: there they are read as
/// floats, which no reader of a size or an id takes.
enum class LargeIntegers { refused, as_floats };

/// Reads one JSON value that takes up the whole text, as nlohmann::json or nlohmann::ordered_json.
/// Errors: FormatError `json` naming `what` and the byte offset (at, or for duplicate keys and numbers just behind,
/// the culprit): syntax, duplicate keys, bad UTF-8, more than 64 levels, integers beyond 64 bits, floats beyond double.
template <class Json = nlohmann::json>
[[nodiscard]] Json parse_json_strict(std::string_view text, std::string_view what,
                                     LargeIntegers large_integers = LargeIntegers::refused);

/// Reads one JSON file strictly. Errors: as parse_json_strict, and of a file that is no UTF-8 text what it is.
[[nodiscard]] nlohmann::json read_json_file(const std::filesystem::path& path);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/io/json_impl.hpp"
#endif
