#include "quantlens/quant/gptq.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "quantlens/core/rng.hpp"
#include "quantlens/quant/rtn.hpp"

using namespace quantlens;
using Catch::Matchers::Contains;

namespace {

// A toy that was worked out by hand with the published algorithm, in double; no value lies near a tie.
const std::vector<float> toy_x{-1.5f,  -1.75f, -2.0f,  -1.75f, -1.5f, -0.5f, -1.75f, -0.5f,
                               -1.25f, -2.25f, -3.0f,  -2.75f, -2.5f, -1.0f, -1.25f, -2.5f,
                               -1.75f, -0.5f,  -1.75f, -0.5f,  1.5f,  0.75f, 1.0f,   1.0f};
const std::vector<float> toy_w{-0.92f, 0.37f, -0.3f, -0.85f, -0.54f, -0.39f, 0.78f, -0.88f, 0.38f, 0.93f, 0.75f, 0.25f};

Hessian hessian_of(const std::vector<float>& x, std::size_t n_in) {
  Hessian hessian(n_in);
  hessian.add({x.data(), x.size() / n_in, n_in});
  return hessian;
}

GptqSettings toy_settings() {
  GptqSettings settings;
  settings.bits = 3;
  settings.symmetric = false;
  settings.exact_scales = true;
  return settings;
}

/// Values in the order of the inputs.
std::vector<float> values_of(const GptqResult& result) {
  std::vector<float> values(result.codes.size());
  for (std::size_t r = 0; r < result.rows; ++r)
    for (std::size_t c = 0; c < result.cols; ++c)
      values[r * result.cols + (result.order.empty() ? c : result.order[c])] =
          result.grid(r, c).value(result.codes[r * result.cols + c]);
  return values;
}

std::vector<int> natural_codes(const GptqResult& result) {
  std::vector<int> codes(result.codes.size());
  for (std::size_t r = 0; r < result.rows; ++r)
    for (std::size_t c = 0; c < result.cols; ++c)
      codes[r * result.cols + (result.order.empty() ? c : result.order[c])] = result.codes[r * result.cols + c];
  return codes;
}

/// |X (V - W)^T|^2.
double output_error(const std::vector<float>& x, const std::vector<float>& v, const std::vector<float>& w,
                    std::size_t n_in) {
  double error = 0;
  for (std::size_t t = 0; t < x.size() / n_in; ++t)
    for (std::size_t o = 0; o < w.size() / n_in; ++o) {
      double sum = 0;
      for (std::size_t i = 0; i < n_in; ++i)
        sum += static_cast<double>(x[t * n_in + i]) *
               (static_cast<double>(v[o * n_in + i]) - static_cast<double>(w[o * n_in + i]));
      error += sum * sum;
    }
  return error;
}

std::vector<float> random_values(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(rng.uniform() - 0.5);
  return values;
}

/// Inputs that depend on each other, as a layer's do.
std::vector<float> correlated_inputs(std::size_t n_rows, std::size_t n_in, std::uint64_t seed) {
  std::vector<float> x = random_values(n_rows * n_in, seed);
  for (std::size_t r = 0; r < n_rows; ++r)
    for (std::size_t i = 1; i < n_in; ++i) x[r * n_in + i] += 0.7f * x[r * n_in + i - 1];
  return x;
}

}  // namespace

TEST_CASE("the toy runs come out as worked out by hand") {
  const Hessian hessian = hessian_of(toy_x, 4);
  CHECK(hessian(0, 0) == Approx(5.875));
  CHECK(hessian(1, 3) == Approx(4.333333333));
  GptqSettings settings = toy_settings();
  const MatrixView<const float> w(toy_w.data(), 3, 4);

  SECTION("in natural order") {
    const GptqResult result = gptq(w, hessian, settings);
    CHECK(natural_codes(result) == std::vector<int>{0, 7, 3, 1, 2, 3, 7, 0, 3, 7, 6, 1});
    CHECK(output_error(toy_x, values_of(result), toy_w, 4) == Approx(0.158778698980).epsilon(1e-6));
    CHECK(result.loss == Approx(0.0284660062).epsilon(1e-6));
    CHECK(values_of(result)[0] == Approx(-0.921428571));
    CHECK(values_of(result)[11] == Approx(0.132857143));
  }
  SECTION("with large activations first") {
    settings.order = GptqOrder::activation;
    const GptqResult result = gptq(w, hessian, settings);
    CHECK(gptq_detail::quantization_order(hessian, settings.order, 4) == std::vector<std::uint32_t>{2, 3, 0, 1});
    CHECK(result.order.empty());  // one group a row
    CHECK(natural_codes(result) == std::vector<int>{0, 7, 3, 0, 2, 3, 7, 0, 3, 6, 6, 2});
    CHECK(output_error(toy_x, values_of(result), toy_w, 4) == Approx(0.425683418367).epsilon(1e-6));
    CHECK(result.loss == Approx(0.0728522961).epsilon(1e-6));
  }
  SECTION("in groups of two") {
    settings.group_size = 2;
    const GptqResult result = gptq(w, hessian, settings);
    CHECK(natural_codes(result) == std::vector<int>{0, 7, 5, 0, 0, 2, 7, 1, 3, 7, 7, 2});
    CHECK(output_error(toy_x, values_of(result), toy_w, 4) == Approx(0.314930120743).epsilon(1e-6));
  }
}

TEST_CASE("group-aware order: large activations first within groups, groups by their largest") {
  Hessian hessian(6);
  const double diagonal[] = {1.0, 2.0, 3.0, 9.0, 4.0, 4.0};
  for (std::size_t i = 0; i < 6; ++i) hessian.gram()(i, i) = diagonal[i];
  hessian.count_rows(2);
  using Order = std::vector<std::uint32_t>;
  CHECK(gptq_detail::quantization_order(hessian, GptqOrder::group_aware, 2) == Order{3, 2, 4, 5, 1, 0});
  CHECK(gptq_detail::quantization_order(hessian, GptqOrder::group_aware, 6) == Order{3, 4, 5, 2, 1, 0});
  CHECK(gptq_detail::quantization_order(hessian, GptqOrder::activation, 2) == Order{3, 4, 5, 2, 1, 0});
  CHECK(gptq_detail::quantization_order(hessian, GptqOrder::natural, 2) == Order{0, 1, 2, 3, 4, 5});

  // An input that never was anything but 0 stands where one with a curvature of 1 would.
  hessian.gram()(0, 0) = 0.0;
  hessian.gram()(1, 1) = 0.5;
  CHECK(gptq_detail::quantization_order(hessian, GptqOrder::activation, 2) == Order{3, 4, 5, 2, 0, 1});
}

TEST_CASE("with uncorrelated inputs nothing can be made up for: GPTQ is round to nearest") {
  std::vector<float> identity(16 * 16);
  for (std::size_t i = 0; i < 16; ++i) identity[i * 16 + i] = 1.0f;
  const auto w = random_values(5 * 16, 3);
  const GptqResult result = gptq({w.data(), 5, 16}, hessian_of(identity, 16), toy_settings());
  for (std::size_t r = 0; r < 5; ++r) {
    const Grid grid = exact_grid(range_of(std::span(w).subspan(r * 16, 16)), 3, false);
    for (std::size_t c = 0; c < 16; ++c) CHECK(int(result.codes[r * 16 + c]) == int(grid.code(w[r * 16 + c])));
  }
}

TEST_CASE("a symmetric grid holds the largest weight of a group that has none below 0") {
  std::vector<float> x = random_values(64 * 4, 11);
  for (std::size_t t = 0; t < 64; ++t) x[4 * t + 1] = x[4 * t + 3] = 0.0f;  // dead inputs, whose weights go
  const std::vector<float> w{0.8f, -0.01f, 0.1f, -0.02f};
  GptqSettings settings = toy_settings();
  settings.bits = 8;
  settings.symmetric = true;
  settings.static_groups = GENERATE(false, true);
  const GptqResult result = gptq({w.data(), 1, 4}, hessian_of(x, 4), settings);
  CHECK(result.grid(0, 0).scale == Approx(2 * 0.8 / 255));
  CHECK(values_of(result)[0] == Approx(0.8).epsilon(0.005));
}

TEST_CASE("a searched grid reaches no further than its group's largest weight as it came") {
  // Inputs of the first group are nearly those of the second, whose small weights can make up for large errors.
  std::vector<float> x = random_values(200 * 64, 13);
  for (std::size_t t = 0; t < 200; ++t)
    for (std::size_t i = 0; i < 32; ++i) x[64 * t + 32 + i] = x[64 * t + i] + 0.05f * x[64 * t + 32 + i];
  std::vector<float> w = random_values(8 * 64, 17);
  for (std::size_t i = 0; i < w.size(); ++i)
    if (i % 64 >= 32) w[i] *= 0.01f;
  GptqSettings settings;
  settings.bits = 3;
  settings.group_size = 32;
  const GptqResult whole = gptq({w.data(), 8, 64}, hessian_of(x, 64), settings);
  settings.searched_grids = true;
  const GptqResult searched = gptq({w.data(), 8, 64}, hessian_of(x, 64), settings);
  for (std::size_t r = 0; r < 8; ++r) {
    const WeightRange came = range_of(std::span(w).subspan(64 * r + 32, 32));
    const float largest = std::max(-came.low, came.high);
    CHECK(whole.grid(r, 32).scale * 3.5f > 4.0f * largest);
    CHECK(searched.grid(r, 32).scale * 3.5f <= 1.0001f * largest);
  }
}

TEST_CASE("codes do not depend on the scale of the inputs, the loss does") {
  std::vector<float> doubled = toy_x;
  for (float& v : doubled) v *= 2.0f;
  const MatrixView<const float> w(toy_w.data(), 3, 4);
  const GptqResult one = gptq(w, hessian_of(toy_x, 4), toy_settings());
  const GptqResult two = gptq(w, hessian_of(doubled, 4), toy_settings());
  CHECK(one.codes == two.codes);
  CHECK(two.loss == Approx(4.0 * one.loss));
}

TEST_CASE("the output error is below round to nearest's, and the same for any number of threads") {
  const std::size_t n_in = 288, n_out = 150;
  const auto x = correlated_inputs(700, n_in, 5), w = random_values(n_out * n_in, 7);
  const MatrixView<const float> view(w.data(), n_out, n_in);
  const Hessian hessian = hessian_of(x, n_in);
  const std::size_t group = GENERATE(std::size_t{0}, std::size_t{32}, std::size_t{96});
  const GptqOrder order = GENERATE(GptqOrder::natural, GptqOrder::activation, GptqOrder::group_aware);
  const bool static_groups = GENERATE(false, true);
  CAPTURE(group, static_cast<int>(order), static_groups);

  Gptq<Symmetric, 3> quantizer{group, order, static_groups};
  const auto packed = quantizer.quantize(view, hessian);
  const bool one_group = group == 0;
  CHECK(packed.input_order().empty() == (order != GptqOrder::activation || static_groups || one_group));
  quantizer.threads = 3;
  const auto again = quantizer.quantize(view, hessian);
  const auto rounded = Rtn<Symmetric, 3>{group}.quantize(view);
  std::vector<float> values(w.size()), values_again(w.size()), nearest(w.size());
  for (std::size_t r = 0; r < n_out; ++r) {
    packed.decode_row(r, std::span(values).subspan(r * n_in, n_in));
    again.decode_row(r, std::span(values_again).subspan(r * n_in, n_in));
    rounded.decode_row(r, std::span(nearest).subspan(r * n_in, n_in));
  }
  CHECK(values == values_again);
  CHECK(output_error(x, values, w, n_in) < 0.8 * output_error(x, nearest, w, n_in));
}

TEST_CASE("awkward input: dead channels, zeros, outliers, too few rows, one row, odd widths") {
  const std::size_t n_in = 37;
  auto x = correlated_inputs(11, n_in, 9);  // fewer rows than inputs: only damping makes H definite
  for (std::size_t r = 0; r < 11; ++r) x[r * n_in + 4] = 0.0f;
  auto w = random_values(3 * n_in, 11);
  for (std::size_t c = 0; c < n_in; ++c) w[n_in + c] = 0.0f;
  w[2 * n_in + 20] = 1000.0f;
  const auto packed = Gptq<Affine, 4>{}.quantize({w.data(), 3, n_in}, hessian_of(x, n_in));
  std::vector<float> row(n_in);
  packed.decode_row(0, row);
  CHECK(row[4] == 0.0f);
  packed.decode_row(1, row);
  CHECK(row == std::vector<float>(n_in, 0.0f));
  packed.decode_row(2, row);
  CHECK(row[20] == Approx(1000.0f).epsilon(0.01));
  CHECK_NOTHROW(Gptq<Symmetric, 2>{}.quantize({w.data(), 1, n_in}, hessian_of(x, n_in)));
}

TEST_CASE("more damping is taken where the inputs need it, and said") {
  // A Gram matrix that rounding has made indefinite.
  Hessian hessian(2);
  hessian.gram()(0, 0) = hessian.gram()(1, 1) = 1.0;
  hessian.gram()(0, 1) = hessian.gram()(1, 0) = 1.025;
  hessian.count_rows(4);
  const std::vector<float> w{0.3f, -0.7f};
  CHECK(gptq({w.data(), 1, 2}, hessian, toy_settings()).damping == Approx(0.03));
}

TEST_CASE("a format's damping keeps codes nearer to the weights, at the cost of the output") {
  CHECK(gptq_settings(parse_format("gptq-w3-asym")).damping == default_damping);
  CHECK(gptq_settings(parse_format("gptq-w3-asym-damp5")).damping == 0.05);
  const std::size_t n_in = 64;
  const auto x = correlated_inputs(200, n_in, 3), w = random_values(32 * n_in, 4);
  const Hessian hessian = hessian_of(x, n_in);
  const auto errors = [&](const char* format) {
    const auto packed = gptq_matrix({w.data(), 32, n_in}, hessian, gptq_settings(parse_format(format)));
    std::vector<float> values(w.size());
    for (std::size_t r = 0; r < 32; ++r) packed.decode_row(r, std::span(values).subspan(r * n_in, n_in));
    double of_weights = 0;
    for (std::size_t i = 0; i < w.size(); ++i) of_weights += std::pow(values[i] - w[i], 2);
    return std::pair(of_weights, output_error(x, values, w, n_in));
  };
  const auto [weights_1, output_1] = errors("gptq-w3-asym");
  const auto [weights_100, output_100] = errors("gptq-w3-asym-damp100");
  CHECK(weights_100 < weights_1);
  CHECK(output_100 > output_1);
}

TEST_CASE("what cannot be quantized is refused with its place") {
  const Hessian hessian = hessian_of(toy_x, 4);
  std::vector<float> w = toy_w;
  const MatrixView<const float> view(w.data(), 3, 4);
  CHECK_THROWS_WITH(gptq(view, Hessian(4), toy_settings()), Contains("no calibration row"));
  CHECK_THROWS_WITH(gptq({w.data(), 4, 3}, hessian, toy_settings()), Contains("4") && Contains("3"));
  GptqSettings settings = toy_settings();
  settings.group_size = 3;
  CHECK_THROWS_WITH(gptq(view, hessian, settings), Contains("groups of 3"));
  w[6] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(gptq(view, hessian, toy_settings()), Contains("row 1, column 2"));
  std::vector<float> broken = toy_x;
  broken[2] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(gptq({toy_w.data(), 3, 4}, hessian_of(broken, 4), toy_settings()), Contains("channel 2"));
  Hessian hopeless(2);
  hopeless.gram()(0, 0) = hopeless.gram()(1, 1) = 1.0;
  hopeless.gram()(0, 1) = hopeless.gram()(1, 0) = 5.0;
  hopeless.count_rows(1);
  CHECK_THROWS_WITH(gptq({w.data(), 1, 2}, hopeless, toy_settings()), Contains("more calibration"));
}
