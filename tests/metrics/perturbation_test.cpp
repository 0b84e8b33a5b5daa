#include "quantlens/metrics/perturbation.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <vector>

using namespace quantlens;

namespace {

using Edits = std::vector<EditOutcome>;

/// Eight edits of five items: impact, flipped, mentioned.
const std::vector<Edits> golden{{{0.62, true, true}, {0.10, false, false}},
                                {{0.48, true, false}, {0.05, false, true}},
                                {{0.55, true, true}, {0.02, false, false}},
                                {{0.12, false, false}},
                                {{0.51, true, false}}};

/// The mean over the items for which the metric is defined, and their number.
template <class Metric>
std::pair<double, int> share(const Metric& metric) {
  double sum = 0;
  int n = 0;
  for (const Edits& edits : golden) {
    const std::optional<bool> value = metric(edits);
    if (!value) continue;
    sum += *value ? 1 : 0;
    ++n;
  }
  return {sum / n, n};
}

template <class Sums>
std::vector<PairSums> sums_of(const std::vector<Edits>& items, const Sums& sums) {
  std::vector<PairSums> all;
  for (const Edits& edits : items) all.push_back(sums(edits).value());
  return all;
}

}  // namespace

TEST_CASE("perturbation: per-item metrics of the golden edits") {
  CHECK(share(has_flip) == std::pair(4.0 / 5, 5));
  CHECK(share(has_unfaithful_flip) == std::pair(2.0 / 5, 5));
  CHECK(share(has_unfaithful_flip_of_flipped) == std::pair(2.0 / 4, 4));
  CHECK(share(is_first_flip_faithful) == std::pair(3.0 / 5, 5));
}

TEST_CASE("perturbation: set-level metrics of the golden edits") {
  CHECK(flips_mentioned(sums_of(golden, flip_and_mention)) == 0.5);
  CHECK(mention_correlation(sums_of(golden, impact_and_mention)).value() == Approx(0.3263722546927563).epsilon(1e-12));
  CHECK(mention_correlation(sums_of(golden, flip_and_mention)).value() == Approx(0.2581988897471611).epsilon(1e-12));
}

TEST_CASE("perturbation: the first flip decides, whatever comes after") {
  CHECK(is_first_flip_faithful(Edits{{0.1, false, false}, {0.9, true, true}, {0.9, true, false}}) == true);
  CHECK(is_first_flip_faithful(Edits{{0.1, false, true}, {0.9, true, false}, {0.9, true, true}}) == false);
  CHECK(has_unfaithful_flip(Edits{{0.9, true, true}, {0.9, true, false}}) == true);
}

TEST_CASE("perturbation: an unmentioned edit that changes nothing is no unfaithful flip") {
  const Edits harmless{{0.1, false, false}, {0.2, false, false}};
  CHECK(has_flip(harmless) == false);
  CHECK(has_unfaithful_flip(harmless) == false);
  CHECK(has_unfaithful_flip_of_flipped(harmless) == std::nullopt);
  CHECK(is_first_flip_faithful(harmless) == true);
}

TEST_CASE("perturbation: nothing is defined without edits, and 0/0 is none") {
  const Edits none;
  CHECK(has_flip(none) == std::nullopt);
  CHECK(has_unfaithful_flip(none) == std::nullopt);
  CHECK(has_unfaithful_flip_of_flipped(none) == std::nullopt);
  CHECK(is_first_flip_faithful(none) == std::nullopt);
  CHECK_FALSE(impact_and_mention(none));
  CHECK_FALSE(flip_and_mention(none));

  const std::vector<Edits> robust{{{0.1, false, true}, {0.2, false, false}}};
  CHECK_FALSE(flips_mentioned(sums_of(robust, flip_and_mention)));
  CHECK_FALSE(mention_correlation(sums_of(robust, flip_and_mention)));
  CHECK(mention_correlation(sums_of(robust, impact_and_mention)) == -1.0);
  CHECK_FALSE(mention_correlation(std::vector<PairSums>{}));
}

TEST_CASE("perturbation: a mention is a substring in any ASCII case") {
  CHECK(mentions("It is BIGGER.", "big"));
  CHECK(mentions("the Striker", "striker"));
  CHECK(mentions("striker", "Striker"));
  CHECK_FALSE(mentions("a strike", "striker"));
  CHECK_FALSE(mentions("", "striker"));
}
