/// What calibration_text.hpp declares, defined.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/io/file_kind.hpp"
#include "quantlens/io/jsonl.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/models/calibration_text.hpp"
#include "quantlens/models/text_rows.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::filesystem::path calibration_file(const CalibrationOptions& options) {
  return options.file.empty() ? find_data_folder("reference_models") / "calibration" / "world.jsonl" : options.file;
}

namespace calibration_detail {

/// The file's first tokens, `wanted` of them where it has as many.
[[nodiscard]] inline std::vector<TokenId> first_tokens(const std::filesystem::path& file, const ChatEncoder& encoder,
                                                       std::size_t wanted) {
  std::vector<TokenId> tokens;
  if (file.extension() != ".jsonl") {
    tokens = encoder.encode_plain(open_as(FileKind::text, file).text());
  } else {
    const std::vector<nlohmann::json> rows = read_jsonl(file);
    for (std::size_t i = 0; i < rows.size() && tokens.size() < wanted; ++i) {
      InterruptGuard::check();
      const std::vector<TokenId> row = text_row(rows[i], file, i + 1).tokens(encoder);
      tokens.insert(tokens.end(), row.begin(), row.end());
    }
  }
  if (tokens.size() > wanted) tokens.resize(wanted);
  return tokens;
}

}  // namespace calibration_detail

QUANTLENS_INLINE std::vector<std::vector<TokenId>> text_windows(const std::filesystem::path& file,
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

QUANTLENS_INLINE Calibration load_calibration(const CalibrationOptions& options, const ChatEncoder& encoder,
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

}  // namespace quantlens::inline QUANTLENS_ABI
