#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quantlens/core/half.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/quant/gptq.hpp"

using namespace quantlens;

namespace {

/// A part of a real matrix and rows of its inputs.
struct Layer {
  std::size_t n_out = 0, n_in = 0;
  std::vector<float> weights, inputs;
};

Layer reference_layer(const std::string& name) {
  const auto file = SafetensorsFile::open(QUANTLENS_SOURCE_DIR "/tests/data/gptq/layers.safetensors");
  const auto floats = [](const SafetensorsTensor& tensor) {
    std::vector<float> values(tensor.data.size() / 2);
    for (std::size_t i = 0; i < values.size(); ++i) {
      BFloat16 value;
      std::memcpy(&value.bits, tensor.data.data() + 2 * i, 2);
      values[i] = to_float(value);
    }
    return values;
  };
  const SafetensorsTensor &w = *file.find(name + ".weights"), &x = *file.find(name + ".inputs");
  return {w.shape[0], w.shape[1], floats(w), floats(x)};
}

/// ||X (Q - W)^T||^2 in double.
double output_error(const Layer& layer, const GptqResult& result) {
  double error = 0;
  std::vector<double> change(layer.n_in);
  for (std::size_t r = 0; r < layer.n_out; ++r) {
    for (std::size_t c = 0; c < layer.n_in; ++c) {
      const std::size_t input = result.order.empty() ? c : result.order[c];
      change[input] = static_cast<double>(result.grid(r, c).value(result.codes[r * layer.n_in + c])) -
                      static_cast<double>(layer.weights[r * layer.n_in + input]);
    }
    for (std::size_t t = 0; t < layer.inputs.size() / layer.n_in; ++t) {
      double sum = 0;
      for (std::size_t c = 0; c < layer.n_in; ++c)
        sum += static_cast<double>(layer.inputs[t * layer.n_in + c]) * change[c];
      error += sum * sum;
    }
  }
  return error;
}

}  // namespace

TEST_CASE("the output error on matrices of a real model is GPTQModel's, or with searched grids below") {
  std::ifstream stream(QUANTLENS_SOURCE_DIR "/tests/data/gptq/reference.json");
  const auto reference = nlohmann::json::parse(stream);
  int n_cases = 0, n_searched = 0;
  double log_ratios = 0;
  for (const std::string name : {"o", "down"}) {
    const Layer layer = reference_layer(name);
    Hessian hessian(layer.n_in);
    hessian.add({layer.inputs.data(), layer.inputs.size() / layer.n_in, layer.n_in});
    for (const auto& expected : reference.at("cases")) {
      if (expected.at("matrix") != name) continue;
      CAPTURE(expected.dump());
      GptqSettings settings;
      settings.bits = expected.at("bits");
      settings.group_size = expected.at("group_size");
      settings.symmetric = expected.at("symmetric");
      settings.order = expected.at("act_order").get<bool>() ? GptqOrder::activation : GptqOrder::natural;
      settings.static_groups = expected.at("static_groups");
      settings.lagging_groups = settings.exact_scales = true;
      settings.damping = reference.at("damping");
      const GptqResult result = gptq({layer.weights.data(), layer.n_out, layer.n_in}, hessian, settings);
      ++n_cases;
      // Codes near ties differ where float and double round apart.
      CHECK(output_error(layer, result) == Approx(expected.at("error").get<double>()).epsilon(0.01));
      if (settings.static_groups) continue;  // which cannot follow weights beyond a narrower range
      settings.lagging_groups = settings.exact_scales = false;
      settings.searched_grids = true;
      const GptqResult searched = gptq({layer.weights.data(), layer.n_out, layer.n_in}, hessian, settings);
      const double error = output_error(layer, searched);
      CHECK(error <= 1.02 * expected.at("error").get<double>());
      log_ratios += std::log(error / expected.at("error").get<double>());
      ++n_searched;
    }
  }
  CHECK(n_cases == 72);
  CHECK(n_searched == 48);
  CHECK(std::exp(log_ratios / n_searched) < 0.9);
}
