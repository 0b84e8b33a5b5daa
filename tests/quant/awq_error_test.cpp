#include "quantlens/quant/awq_error.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <vector>

#include "quantlens/core/rng.hpp"

using namespace quantlens;

namespace {

/// A set of two layers with more inputs than one block of the Gram product, and candidates near them.
struct Layers {
  static constexpr std::size_t n_in = 300, n_tokens = 41;
  std::vector<float> x, a, b, a_candidate, b_candidate;
  std::vector<double> gram = std::vector<double>(n_in * n_in);
  std::array<NamedMatrix, 2> set;
  std::array<MatrixView<const float>, 2> candidates;
  double direct = 0.0;  ///< mean squared change, summed the plain way

  Layers() {
    Rng rng(11);
    const auto fill = [&](std::vector<float>& values, std::size_t n, double centre) {
      for (std::size_t i = 0; i < n; ++i) values.push_back(static_cast<float>(rng.uniform() - centre));
    };
    fill(x, n_tokens * n_in, 0.2);
    fill(a, 13 * n_in, 0.5);
    fill(b, 8 * n_in, 0.5);
    for (const float w : a) a_candidate.push_back(w + static_cast<float>(rng.uniform() - 0.5) * 0.1f);
    for (const float w : b) b_candidate.push_back(w + static_cast<float>(rng.uniform() - 0.5) * 0.1f);
    for (std::size_t t = 0; t < n_tokens; ++t)
      for (std::size_t i = 0; i < n_in; ++i)
        for (std::size_t j = 0; j < n_in; ++j)
          gram[i * n_in + j] += static_cast<double>(x[t * n_in + i]) * static_cast<double>(x[t * n_in + j]);
    set = {NamedMatrix{"a", {a.data(), 13, n_in}}, NamedMatrix{"b", {b.data(), 8, n_in}}};
    candidates = {MatrixView<const float>(a_candidate.data(), 13, n_in),
                  MatrixView<const float>(b_candidate.data(), 8, n_in)};
    for (std::size_t m = 0; m < 2; ++m)
      for (std::size_t r = 0; r < set[m].values.rows; ++r)
        for (std::size_t t = 0; t < n_tokens; ++t) {
          double change = 0.0;
          for (std::size_t c = 0; c < n_in; ++c)
            change += static_cast<double>(x[t * n_in + c]) *
                      (static_cast<double>(candidates[m](r, c)) - static_cast<double>(set[m].values(r, c)));
          direct += change * change;
        }
    direct /= static_cast<double>(n_tokens) * 21.0;
  }
};

}  // namespace

TEST_CASE("the loss of a linear set is the same from its inputs and from their Gram matrix") {
  const Layers layers;
  const MatrixView<const double> gram(layers.gram.data(), Layers::n_in, Layers::n_in);
  const MatrixView<const float> x(layers.x.data(), Layers::n_tokens, Layers::n_in);
  CHECK(inputs_loss(layers.set, x, 1)(layers.candidates) == Approx(layers.direct).epsilon(1e-12));
  CHECK(gram_loss(layers.set, gram, Layers::n_tokens, 1)(layers.candidates) == Approx(layers.direct).epsilon(1e-12));

  // A Gram matrix of floats has seven digits.
  const std::vector<float> narrow(layers.gram.begin(), layers.gram.end());
  const MatrixView<const float> narrow_gram(narrow.data(), Layers::n_in, Layers::n_in);
  CHECK(gram_loss(layers.set, narrow_gram, Layers::n_tokens, 1)(layers.candidates) ==
        Approx(layers.direct).epsilon(1e-5));
}

TEST_CASE("weights that do not change lose nothing") {
  const Layers layers;
  const MatrixView<const double> gram(layers.gram.data(), Layers::n_in, Layers::n_in);
  CHECK(gram_output_error(gram, layers.set[0].values, layers.set[0].values, 1) == 0.0);
}

TEST_CASE("losses are the same bits for any number of threads") {
  const Layers layers;
  const MatrixView<const double> gram(layers.gram.data(), Layers::n_in, Layers::n_in);
  const MatrixView<const float> x(layers.x.data(), Layers::n_tokens, Layers::n_in);
  for (const std::size_t threads : {2u, 3u, 5u}) {
    CHECK(gram_loss(layers.set, gram, 41, threads)(layers.candidates) ==
          gram_loss(layers.set, gram, 41, 1)(layers.candidates));
    CHECK(inputs_loss(layers.set, x, threads)(layers.candidates) == inputs_loss(layers.set, x, 1)(layers.candidates));
  }
}

TEST_CASE("a Gram matrix or inputs of another size are refused") {
  const Layers layers;
  const MatrixView<const double> gram(layers.gram.data(), Layers::n_in - 1, Layers::n_in);
  CHECK_THROWS_AS(gram_loss(layers.set, gram, 41, 1), InputError);
  CHECK_THROWS_AS(inputs_loss(layers.set, {layers.x.data(), 41, 299}, 1), InputError);
}
