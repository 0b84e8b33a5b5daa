#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "kernel_test_matrices.hpp"
#include "quantlens/kernels/dispatch.hpp"
#include "quantlens/kernels/reference.hpp"

using namespace quantlens;
using namespace quantlens::test;

TEST_CASE("norms, SwiGLU and log-sum-exp agree with the double reference at awkward sizes") {
  const std::size_t n = GENERATE(1u, 15u, 16u, 17u, 255u, 257u, 576u, 1001u);
  const KernelTable& kernels = active_kernels();
  const auto x = random_floats(n, 21, 8.0), weight = random_floats(n, 22), up = random_floats(n, 23);
  std::vector<float> y(n);

  kernels.rms_norm(x.data(), weight.data(), n, 1e-5f, y.data());
  const auto normed = reference::rms_norm(x, weight, 1e-5);
  for (std::size_t i = 0; i < n; ++i) CHECK(y[i] == Approx(normed[i]).epsilon(1e-5).margin(1e-7));

  kernels.silu_multiply(x.data(), up.data(), n, y.data());
  for (std::size_t i = 0; i < n; ++i) {
    const double g = x[i];
    CHECK(y[i] == Approx(g / (1.0 + std::exp(-g)) * up[i]).epsilon(1e-5).margin(1e-7));
  }

  CHECK(kernels.log_sum_exp(x.data(), n) == Approx(reference::log_sum_exp(x)).epsilon(1e-7));
}

TEST_CASE("layer norm and GELU agree with the double reference at awkward sizes") {
  const std::size_t n = GENERATE(1u, 15u, 16u, 17u, 255u, 257u, 576u, 1001u);
  const KernelTable& kernels = active_kernels();
  const auto x = random_floats(n, 41, 8.0), weight = random_floats(n, 42), bias = random_floats(n, 43);
  std::vector<float> y = x;

  kernels.layer_norm(y.data(), weight.data(), bias.data(), n, 1e-5f, y.data());
  const auto normed = reference::layer_norm(x, weight, bias, 1e-5);
  for (std::size_t i = 0; i < n; ++i) CHECK(y[i] == Approx(normed[i]).epsilon(1e-5).margin(2e-6));

  kernels.gelu(x.data(), n, y.data());
  for (std::size_t i = 0; i < n; ++i) CHECK(y[i] == Approx(reference::gelu(x[i])).epsilon(2e-5).margin(1e-6));

  kernels.gelu_exact(x.data(), n, y.data());
  for (std::size_t i = 0; i < n; ++i) {
    const double v = x[i];
    CHECK(y[i] == Approx(0.5 * v * std::erfc(-v / std::sqrt(2.0))).epsilon(1e-6).margin(1e-6));
  }
}

TEST_CASE("log-sum-exp survives large logits") {
  std::vector<float> x(100, -1e4f);
  x[3] = 1e4f;
  CHECK(active_kernels().log_sum_exp(x.data(), x.size()) == Approx(1e4));
}

TEST_CASE("rotation turns each pair by its angle") {
  const std::size_t d_head = GENERATE(2u, 6u, 64u);
  const std::size_t half = d_head / 2;
  std::vector<float> x = random_floats(d_head, 31), cosines(half), sines(half);
  const std::vector<float> before = x;
  for (std::size_t i = 0; i < half; ++i) {
    cosines[i] = std::cos(static_cast<float>(i) * 0.3f);
    sines[i] = std::sin(static_cast<float>(i) * 0.3f);
  }
  active_kernels().rotate_head(x.data(), cosines.data(), sines.data(), d_head);
  for (std::size_t i = 0; i < half; ++i) {
    CHECK(x[i] == Approx(before[i] * cosines[i] - before[i + half] * sines[i]).margin(1e-6));
    CHECK(x[i + half] == Approx(before[i + half] * cosines[i] + before[i] * sines[i]).margin(1e-6));
  }
}
