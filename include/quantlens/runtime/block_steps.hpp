/// What a block computes, step by step: the one list that the forward pass, calibration text and quantizers walk.
#pragma once

#include <utility>
#include <vector>

#include "quantlens/version.hpp"
#include "quantlens/weights/architecture.hpp"

namespace quantlens::inline QUANTLENS_ABI {

enum class StepKind {
  norm,       ///< normed = norm(residual); without a norm of its own a copy.
  multiply,   ///< Matrices that read the same inputs: q, k, v and gate, up from normed, o from mixed, down from hidden.
  attend,     ///< mixed = what the heads read from values, given q, k and v.
  activate,   ///< hidden = what the MLP makes of gate and up.
  post_norm,  ///< projected = norm(projected).
  add,        ///< residual += projected.
};

struct BlockStep {
  StepKind kind;
  std::vector<BlockPart> parts = {};  ///< multiply: the matrices; norm, attend and activate: those that come next.
  BlockNorm norm = BlockNorm::attn;   ///< norm and post_norm.
};

/// In order. What a multiply reads has been made by the step before it; every module ends in an add.
[[nodiscard]] inline std::vector<BlockStep> block_steps(const Architecture& architecture) {
  using enum BlockPart;
  const bool after = architecture.norm_place == NormPlace::after;
  std::vector<BlockStep> steps;
  // A module's inputs, what its matrices make of them, and what the residual stream gets.
  const auto module = [&](std::vector<BlockPart> first, StepKind middle, BlockPart last, BlockNorm before,
                          BlockNorm behind) {
    steps.push_back({StepKind::norm, first, before});
    steps.push_back({StepKind::multiply, std::move(first)});
    steps.push_back({middle, {last}});
    steps.push_back({StepKind::multiply, {last}});
    if (after) steps.push_back({StepKind::post_norm, {}, behind});
    steps.push_back({StepKind::add});
  };
  module({q, k, v}, StepKind::attend, o, BlockNorm::attn, BlockNorm::attn_post);
  module(architecture.gated_mlp ? std::vector{gate, up} : std::vector{up}, StepKind::activate, down, BlockNorm::mlp,
         BlockNorm::mlp_post);
  return steps;
}

}  // namespace quantlens::inline QUANTLENS_ABI
