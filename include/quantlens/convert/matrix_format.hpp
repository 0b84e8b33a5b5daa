/// Which format each matrix of a model gets, and whether a plan means anything for this model.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The format of one matrix: overrides first, then the own rule of the output layer and the embedding, then the format
/// itself. Methods that choose codes leave those two full, as the reference packages do; GGUF files hold them as F16.
[[nodiscard]] inline const FormatSpec& matrix_format(const FormatSpec& format, std::string_view name) {
  static const FormatSpec full, halves = parse_format("gguf-f16");
  const bool outer = name == "lm_head" || name == "embed";
  if (!outer) return format.for_matrix(name, format);
  return format.for_matrix(name, chooses_codes(format.method) ? full : is_gguf(format.method) ? halves : format);
}

/// Canonical names of all matrices: what the patterns of a plan may match.
[[nodiscard]] inline std::vector<std::string> matrix_names(const ModelWeights& weights) {
  std::vector<std::string> names{"embed"};
  for (const BlockWeights& block : weights.blocks)
    for (const BlockPart part : parts_of(block)) names.push_back(block[part].name);
  names.emplace_back("lm_head");
  return names;
}

/// Errors: InputError "format" for a pattern that matches no matrix, with the names that there are.
inline void check_plan(const FormatSpec& format, const ModelWeights& weights) {
  const std::vector<std::string> names = matrix_names(weights);
  for (const FormatOverride& rule : format.overrides) {
    if (std::any_of(names.begin(), names.end(),
                    [&](const std::string& name) { return matches_pattern(rule.pattern, name); }))
      continue;
    throw InputError("format", concat("the plan's pattern '", rule.pattern,
                                      "' matches no matrix; there are: embed, lm_head and, for N from 0 to ",
                                      weights.blocks.size() - 1,
                                      ", blocks.N.attn.{q,k,v,o} and blocks.N.mlp.{gate,up,down}; * stands for any "
                                      "characters but dots (norms and biases stay full)"));
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
