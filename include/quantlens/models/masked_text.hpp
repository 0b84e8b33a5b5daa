/// Variants of one prompt in which parts of the user's last turn are hidden.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Part of a text. Units: bytes.
struct TextSpan {
  std::size_t begin = 0, end = 0;

  friend bool operator==(const TextSpan&, const TextSpan&) = default;
};

/// The text without the spans that are not kept: `mask` stands for each run of hidden spans that nothing but blanks
/// lies between. Text outside the spans always stays. Shapes: spans, in the text's order and apart, and kept have one
/// length. Errors: InputError "text" for spans that overlap, are out of order, or reach beyond the text.
[[nodiscard]] inline std::string masked_text(std::string_view text, std::span<const TextSpan> spans,
                                             const std::vector<bool>& kept, std::string_view mask) {
  if (kept.size() != spans.size())
    throw InputError("text", concat("a mask for ", kept.size(), " spans of a text with ", spans.size()));
  std::string masked;
  std::size_t done = 0;
  bool after_mask = false;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const auto [begin, end] = spans[i];
    if (begin < done || end < begin || end > text.size())
      throw InputError("text", concat("span ", i, " [", begin, ", ", end, ") of a text of ", text.size(),
                                      " bytes: expected spans in order that do not overlap"));
    const std::string_view between = text.substr(done, begin - done);
    const bool joins = after_mask && !kept[i] && between.find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (!joins) masked += between;
    if (kept[i])
      masked += text.substr(begin, end - begin);
    else if (!joins)
      masked += mask;
    after_mask = !kept[i];
    done = end;
  }
  return masked.append(text.substr(done));
}

/// Asks how likely continuations are behind each variant of a prompt.
struct MaskedRequest {
  Prompt prompt;
  std::vector<TextSpan> spans;              ///< of the last message's content, or of a bare text
  std::vector<std::vector<bool>> variants;  ///< which spans each of them keeps. Shape [n_variants][n_spans]
  std::vector<std::string> continuations;
  std::string mask = "...";
};

/// One request for each variant, for TextModel::score. What their beginnings have in common is computed once: variants
/// share the pages of the prefix cache. Errors: those of masked_text.
[[nodiscard]] inline std::vector<ContinuationRequest> masked_requests(const MaskedRequest& request) {
  std::vector<ContinuationRequest> requests;
  for (const std::vector<bool>& kept : request.variants) {
    Prompt prompt = request.prompt;
    std::string& text = prompt.messages.empty() ? prompt.answer_prefix : prompt.messages.back().content;
    text = masked_text(text, request.spans, kept, request.mask);
    requests.push_back({std::move(prompt), request.continuations});
  }
  return requests;
}

}  // namespace quantlens::inline QUANTLENS_ABI
