/// The hand-checkable AWQ problem: 6 tokens, 4 inputs, 3 outputs, 3 bits, one group a row.
#pragma once

#include <array>
#include <vector>

#include "quantlens/quant/awq_matrix.hpp"

namespace awq_toy {

using quantlens::AwqGroups;
using quantlens::MatrixView;
using quantlens::NamedMatrix;

inline const std::vector<float> inputs{1.0f,  0.9f,  -1.0f,  0.5f, 0.5f,  0.7f,   -0.25f, -1.0f,
                                       2.0f,  1.5f,  -1.75f, 0.5f, -1.0f, -1.25f, 1.0f,   1.0f,
                                       0.25f, -0.5f, 0.5f,   1.5f, 1.0f,  1.0f,   -0.5f,  -0.5f};
inline const std::vector<float> weights{0.90f,  -0.37f, 0.11f, 0.52f, -0.22f, 0.75f,
                                        -0.58f, 0.31f,  0.07f, 0.41f, -0.93f, -0.17f};
inline const MatrixView<const float> x{inputs.data(), 6, 4};
inline const MatrixView<const float> w{weights.data(), 3, 4};
inline const AwqGroups groups{.bits = 3, .group_size = 4, .symmetric = false};

}  // namespace awq_toy
