/// What probe_text.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/io/jsonl.hpp"
#include "quantlens/models/probe_text.hpp"
#include "quantlens/models/text_rows.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<ScoreRequest> probe_sequences(const std::filesystem::path& file,
                                                           const ChatEncoder& encoder, std::size_t length,
                                                           std::size_t limit) {
  std::vector<ScoreRequest> sequences;
  if (file.extension() != ".jsonl") {
    const std::size_t most = std::min(limit, std::numeric_limits<std::size_t>::max() / length);
    for (std::vector<TokenId>& window : text_windows(file, encoder, length, most))
      sequences.push_back({{}, std::move(window)});
  } else {
    const std::vector<nlohmann::json> rows = read_jsonl(file);
    for (std::size_t i = 0; i < std::min(rows.size(), limit); ++i)
      sequences.push_back(text_row(rows[i], file, i + 1).prediction(encoder));
  }
  if (sequences.empty())
    throw InputError("text", concat(file.string(), " holds no row, or less than one window of ", length, " tokens"));
  return sequences;
}

}  // namespace quantlens::inline QUANTLENS_ABI
