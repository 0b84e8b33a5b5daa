/// The text that GPTQ and AWQ look at: the first tokens of a file, cut into windows.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/core/sha256.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/io/jsonl.hpp"
#include "quantlens/runtime/chat_encoder.hpp"

namespace quantlens::inline v0_1 {

struct CalibrationOptions {
  std::filesystem::path file;   ///< plain text or .jsonl; empty: the set that comes with quantlens
  std::size_t sequences = 128;  ///< windows
  std::size_t length = 512;     ///< tokens of a window
};

/// Calibration text as one model reads it.
struct Calibration {
  std::string name;    ///< of the file
  std::string sha256;  ///< of the file
  std::size_t length = 0;
  std::vector<std::vector<TokenId>> sequences;  ///< each of `length` tokens
};

/// The file that the options mean. Errors: InputError "data_folder" where our own set is not to be found.
[[nodiscard]] inline std::filesystem::path calibration_file(const CalibrationOptions& options) {
  return options.file.empty() ? find_data_folder("reference_models") / "calibration" / "world.jsonl" : options.file;
}

namespace calibration_detail {

[[nodiscard]] inline InputError bad_row(const std::filesystem::path& file, std::size_t number, std::string_view why) {
  return {"calibration", concat(file.string(), " value ", number, ": ", why,
                                "; expected {\"text\": ...} or {\"messages\": [{\"role\", \"content\"}, ...]}")};
}

[[nodiscard]] inline std::string text_field(const nlohmann::json& object, const char* key,
                                            const std::filesystem::path& file, std::size_t number) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_string())
    throw bad_row(file, number, concat("no text '", key, "'"));
  return object[key].get<std::string>();
}

/// The chat of a row that has one. Errors: InputError "calibration".
[[nodiscard]] inline std::optional<std::vector<ChatMessage>> chat_of_row(const nlohmann::json& row,
                                                                         const std::filesystem::path& file,
                                                                         std::size_t number) {
  if (!row.is_object() || !row.contains("messages")) return std::nullopt;
  if (!row["messages"].is_array()) throw bad_row(file, number, "'messages' is no list");
  std::vector<ChatMessage> messages;
  for (const nlohmann::json& message : row["messages"])
    messages.push_back({text_field(message, "role", file, number), text_field(message, "content", file, number)});
  return messages;
}

/// A row of a .jsonl file: a text, or a chat with its answers.
[[nodiscard]] inline std::vector<TokenId> encode_row(const nlohmann::json& row, const ChatEncoder& encoder,
                                                     const std::filesystem::path& file, std::size_t number) {
  if (const auto messages = chat_of_row(row, file, number)) return encoder.encode(encoder.dialogue_text(*messages));
  return encoder.encode_plain(text_field(row, "text", file, number));
}

/// The file's first tokens, `wanted` of them where it has as many.
[[nodiscard]] inline std::vector<TokenId> first_tokens(const std::filesystem::path& file, const ChatEncoder& encoder,
                                                       std::size_t wanted) {
  std::vector<TokenId> tokens;
  if (file.extension() != ".jsonl") {
    tokens = encoder.encode_plain(MappedFile::open(file).text());
  } else {
    const std::vector<nlohmann::json> rows = read_jsonl(file);
    for (std::size_t i = 0; i < rows.size() && tokens.size() < wanted; ++i) {
      const std::vector<TokenId> row = encode_row(rows[i], encoder, file, i + 1);
      tokens.insert(tokens.end(), row.begin(), row.end());
    }
  }
  if (tokens.size() > wanted) tokens.resize(wanted);
  return tokens;
}

}  // namespace calibration_detail

/// The file's first tokens cut into windows of `length`, at most `limit` of them; what is left over is dropped.
/// Errors: InputError "calibration" for a row that is no text; those of reading.
[[nodiscard]] inline std::vector<std::vector<TokenId>> text_windows(const std::filesystem::path& file,
                                                                    const ChatEncoder& encoder, std::size_t length,
                                                                    std::size_t limit) {
  const std::vector<TokenId> tokens = calibration_detail::first_tokens(file, encoder, limit * length);
  std::vector<std::vector<TokenId>> windows;
  for (std::size_t end = length; end <= tokens.size(); end += length) {
    const auto last = tokens.begin() + static_cast<std::ptrdiff_t>(end);
    windows.emplace_back(last - static_cast<std::ptrdiff_t>(length), last);
  }
  return windows;
}

/// Errors: InputError "calibration" for a window beyond the model's context and for a file that holds too few tokens.
[[nodiscard]] inline Calibration load_calibration(const CalibrationOptions& options, const ChatEncoder& encoder,
                                                  std::size_t n_ctx) {
  const std::filesystem::path file = calibration_file(options);
  if (options.length > n_ctx)
    throw InputError("calibration", concat("windows of ", options.length, " tokens exceed the model's context of ",
                                           n_ctx, "; set --calibration-length"));
  std::vector<std::vector<TokenId>> windows = text_windows(file, encoder, options.length, options.sequences);
  if (windows.size() < options.sequences)
    throw InputError("calibration", concat(file.string(), " holds ", windows.size(), " windows of ", options.length,
                                           " tokens for this model, not ", options.sequences,
                                           "; set --calibration-sequences or --calibration-length, or give more text"));
  Calibration calibration;
  calibration.name = file.filename().string();
  calibration.sha256 = sha256_hex(MappedFile::open(file).bytes());
  calibration.length = options.length;
  calibration.sequences = std::move(windows);
  return calibration;
}

}  // namespace quantlens::inline v0_1
