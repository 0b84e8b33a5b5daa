#include "quantlens/quant/bnb_int8.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "seeded_matrix.hpp"

using namespace quantlens;

namespace {

/// The layer of the package word by word, in double after the codes: outlier columns are chosen over the whole batch.
std::vector<double> layer_outputs(const BnbInt8Rows& weight, const SeededMatrix& inputs, float threshold) {
  const std::size_t n_in = inputs.cols;
  std::vector<float> x;
  for (const float v : inputs.values) x.push_back(round_to_half(v));
  std::vector<bool> outlier(n_in);
  const auto is_outlier = [&](float v) { return threshold > 0.0f && std::fabs(v) >= threshold; };
  for (std::size_t i = 0; i < x.size(); ++i)
    if (is_outlier(x[i])) outlier[i % n_in] = true;

  std::vector<double> outputs;
  for (std::size_t token = 0; token < inputs.rows; ++token) {
    const std::span<const float> row = std::span(x).subspan(token * n_in, n_in);
    float absmax = 0.0f;
    for (const float v : row)
      if (!is_outlier(v)) absmax = std::max(absmax, std::fabs(v));
    const float steps = 1.0f / absmax * 127.0f;
    for (std::size_t o = 0; o < weight.rows; ++o) {
      int products = 0;
      double outliers = 0.0;
      for (std::size_t i = 0; i < n_in; ++i) {
        const int w = weight.codes[o * n_in + i];
        if (outlier[i])
          outliers += static_cast<double>(row[i]) * w * static_cast<double>(weight.absmax[o]) / 127.0;
        else
          products += w * static_cast<int>(std::nearbyint(row[i] * steps));
      }
      const double scales = static_cast<double>(absmax) * static_cast<double>(weight.absmax[o]);
      outputs.push_back(products * scales * 6.200124e-05 + outliers);  // the package's own 1 / 127^2
    }
  }
  return outputs;
}

}  // namespace

TEST_CASE("int8 rows are byte for byte those of bitsandbytes") {
  int compared = 0;
  for (const auto& entry : quantizer_fixture("bitsandbytes/int8_weights.json")) {
    CAPTURE(entry.at("name").get<std::string>());
    const SeededMatrix matrix(entry);
    const BnbInt8Rows rows = bnb_int8_quantize(matrix.view());
    CHECK(same_bytes(entry.at("codes"), rows.codes));
    CHECK(same_bytes(entry.at("absmax"), rows.absmax));

    const auto packed = BnbInt8{}.quantize(matrix.view());
    CHECK(packed.bits_per_weight() == Approx(8.0 + 32.0 / static_cast<double>(matrix.cols)));
    std::vector<float> row(matrix.cols);
    for (std::size_t r = 0; r < matrix.rows; ++r) {
      packed.decode_row(r, row);
      for (std::size_t c = 0; c < matrix.cols; ++c)
        CHECK(row[c] == Approx(rows.codes[r * matrix.cols + c] * rows.absmax[r] / 127.0f).epsilon(1e-6));
    }
    ++compared;
  }
  CHECK(compared == 6);
}

TEST_CASE("a layer on these rows gives the outputs of the package's layer") {
  int compared = 0, with_outliers = 0;
  for (const auto& entry : quantizer_fixture("bitsandbytes/int8_layers.json")) {
    const SeededMatrix weight(entry.at("weight")), inputs(entry.at("inputs"));
    const bool halves = entry.at("dtype").get<std::string>() == "float16";
    CAPTURE(entry.at("inputs").at("name").get<std::string>(), entry.at("threshold").get<float>(), halves);
    const auto outputs = layer_outputs(bnb_int8_quantize(weight.view()), inputs, entry.at("threshold"));
    const auto expected = entry.at("outputs").get<std::vector<double>>();
    REQUIRE(outputs.size() == expected.size());
    double largest = 0.0;
    for (const double v : expected) largest = std::max(largest, std::fabs(v));
    // The package rounds the int8 part and the outlier part to the layer's type one after the other.
    const double rounding = halves ? 0x1p-10 : 0x1p-20;
    for (std::size_t i = 0; i < outputs.size(); ++i) CHECK(std::fabs(outputs[i] - expected[i]) <= rounding * largest);
    with_outliers += entry.at("outlier_columns").empty() ? 0 : 1;
    ++compared;
  }
  CHECK(compared == 12);
  CHECK(with_outliers == 4);
}

TEST_CASE("hand-checked int8 rows") {
  const std::vector<float> weights{0.5f, -1.0f, 0.25f, 2.0f, 1.5f, 0.75f, -0.5f, -0.25f, -2.0f, 1.0f, 1.0f, 0.5f};
  const auto rows = bnb_int8_quantize({weights.data(), 3, 4});
  CHECK(rows.absmax == std::vector<float>{2.0f, 1.5f, 2.0f});
  CHECK(rows.codes == std::vector<std::int8_t>{32, -64, 16, 127, 127, 64, -42, -21, -127, 64, 64, 32});
}

TEST_CASE("int8 rows of zeros, none at all, and what they refuse") {
  std::vector<float> weights(2 * 40, 0.0f);
  const MatrixView<const float> view(weights.data(), 2, 40);
  std::vector<float> row(40, 1.0f);
  BnbInt8{}.quantize(view).decode_row(1, row);
  CHECK(row == std::vector<float>(40, 0.0f));
  CHECK(BnbInt8{}.quantize({weights.data(), 0, 40}).rows() == 0);
  CHECK_THROWS_WITH(BnbInt8{}.quantize({weights.data(), 2, 0}), Catch::Contains("[quantlens.shape]"));
  weights[0] = 65519.0f;  // rounds to the largest half
  CHECK(bnb_int8_quantize(view).absmax[0] == 65504.0f);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -65520.0f}) {
    weights[40 + 7] = bad;
    CHECK_THROWS_WITH(bnb_int8_quantize(view),
                      Catch::Contains(std::isfinite(bad) ? "[quantlens.weights]" : "[quantlens.not_finite]") &&
                          Catch::Contains("row 1, column 7"));
  }
}
