/// What a quantizer is: something that chooses codes, scales and offsets for one matrix.
#pragma once

#include <concepts>
#include <string_view>

#include "quantlens/core/matrix_view.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A quantizer that needs no calibration data, with the layout and the width of its codes as types: the door to a
/// function that takes them as values. Shapes: quantize takes W [n_out, n_in].
template <class Q>
concept Quantizer = HasWidth<typename Q::layout, Q::bits> &&
    requires(const Q& quantizer, MatrixView<const float> weights) {
  { Q::name } -> std::convertible_to<std::string_view>;
  { quantizer.quantize(weights) } -> std::same_as<PackedMatrix>;
};

}  // namespace quantlens::inline QUANTLENS_ABI
