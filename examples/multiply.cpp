/// Quantizes one matrix of a model and multiplies by it, without running the model. Usage: multiply [MODEL]
#include "quantlens/kernels/multiply.hpp"

#include <cmath>
#include <cstddef>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "quantlens/checkpoints/load.hpp"
#include "quantlens/convert/dense_matrix.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/quant/rtn.hpp"

int main(int argc, char** argv) try {
  const std::string model_name = argc > 1 ? argv[1] : "refworld-small";
  const quantlens::ModelFile file = quantlens::load_model(quantlens::find_model(model_name));
  const quantlens::DenseMatrix weights =
      quantlens::decode_matrix(file.weights.blocks.front()[quantlens::BlockPart::down]);

  // Four bits, groups of 32 inputs that share a scale and a zero point.
  const auto packed = quantlens::Rtn<quantlens::Affine, 4>{32}.quantize(weights.view());

  std::vector<float> x(weights.cols), y(weights.rows);  // one row of activations
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
  quantlens::multiply(packed, {x.data(), 1, x.size()}, {y.data(), 1, y.size()});

  double squares = 0, error_squares = 0;
  for (std::size_t row = 0; row < weights.rows; ++row) {
    double exact = 0;
    for (std::size_t i = 0; i < x.size(); ++i) exact += double{weights.view()(row, i)} * double{x[i]};
    squares += exact * exact;
    error_squares += (y[row] - exact) * (y[row] - exact);
  }
  std::cout << weights.rows << " x " << weights.cols << " weights, " << packed.bits_per_weight()
            << " bits per weight, relative error of the product " << std::sqrt(error_squares / squares) << '\n';
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
