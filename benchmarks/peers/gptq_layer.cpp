/// Quantizes one matrix with GPTQ, for gptqmodel_layers.py: `gptq_layer FORMAT WEIGHTS INPUTS N_IN OUT`. Files hold
/// little-endian floats: weights and decoded weights [n_out, N_IN], inputs [n_tokens, N_IN].
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "quantlens/quant/gptq.hpp"

namespace {

using namespace quantlens;

std::vector<float> read_floats(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<float> values(file ? static_cast<std::size_t>(file.tellg()) / sizeof(float) : 0);
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float))))
    throw InputError("file", concat(path, ": cannot be read"));
  return values;
}

void run(char** arguments) {
  const FormatSpec format = parse_format(arguments[1]);
  const std::vector<float> weights = read_floats(arguments[2]), inputs = read_floats(arguments[3]);
  const std::size_t n_in = std::stoul(arguments[4]);
  Hessian hessian(n_in);
  hessian.add({inputs.data(), inputs.size() / n_in, n_in});
  std::ofstream out(arguments[5], std::ios::binary);
  GptqSettings settings = gptq_settings(format);
  settings.threads = available_threads();
  const PackedMatrix packed = gptq_matrix({weights.data(), weights.size() / n_in, n_in}, hessian, settings);
  std::vector<float> row(n_in);
  for (std::size_t r = 0; r < packed.rows(); ++r) {
    packed.decode_row(r, row);
    out.write(reinterpret_cast<const char*>(row.data()), static_cast<std::streamsize>(n_in * sizeof(float)));
  }
  if (!out.flush()) throw InputError("file", concat(arguments[5], ": cannot be written"));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 6) throw InputError("usage", "expected FORMAT WEIGHTS INPUTS N_IN OUT");
    run(argv);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "gptq_layer: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
