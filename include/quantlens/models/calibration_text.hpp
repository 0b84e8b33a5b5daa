/// The text that GPTQ and AWQ look at: the first tokens of a file, cut into windows.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "quantlens/convert/calibration.hpp"
#include "quantlens/models/chat_encoder.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

struct CalibrationOptions {
  std::filesystem::path file;   ///< plain text or .jsonl; empty: the set that comes with quantlens
  std::size_t sequences = 128;  ///< windows
  std::size_t length = 512;     ///< tokens of a window
};

/// The file that the options mean. Errors: InputError "data_folder" where our own set is not to be found.
[[nodiscard]] std::filesystem::path calibration_file(const CalibrationOptions& options);

/// The file's first tokens cut into windows of `length`, at most `limit` of them; what is left over is dropped.
/// Errors: InputError "calibration" for a row that is no text; those of reading.
[[nodiscard]] std::vector<std::vector<TokenId>> text_windows(const std::filesystem::path& file,
                                                             const ChatEncoder& encoder, std::size_t length,
                                                             std::size_t limit);

/// Errors: InputError "calibration" for a window beyond the model's context and for a file that holds too few tokens.
[[nodiscard]] Calibration load_calibration(const CalibrationOptions& options, const ChatEncoder& encoder,
                                           std::size_t n_ctx);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/models/calibration_text_impl.hpp"
#endif
