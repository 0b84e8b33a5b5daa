/// Text on which next-token predictions are compared.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/models/calibration_text.hpp"
#include "quantlens/models/chat_encoder.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The file as at most `limit` sequences. Plain text is cut into windows of `length` tokens. Each row of a .jsonl file
/// is a sequence of its own: a text, a prompt whose completion is predicted, or a chat whose last message is.
/// Errors: InputError "text" where there is no sequence; "calibration" for a row that is none of these; those of
/// reading.
[[nodiscard]] std::vector<ScoreRequest> probe_sequences(const std::filesystem::path& file, const ChatEncoder& encoder,
                                                        std::size_t length, std::size_t limit);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/models/probe_text_impl.hpp"
#endif
