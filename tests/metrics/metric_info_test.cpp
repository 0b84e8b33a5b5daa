#include "quantlens/metrics/metric_info.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

using namespace quantlens;

TEST_CASE("metric names, directions and kinds are what results promise") {
  struct Promise {
    std::string name;
    std::optional<std::string> better;
    MetricKind kind;
  };
  const std::vector<Promise> promises{{"accuracy", "higher", MetricKind::binary},
                                      {"macro_f1", "higher", MetricKind::set_level},
                                      {"rouge_l", "higher", MetricKind::real},
                                      {"token_f1", "higher", MetricKind::real},
                                      {"explanation_words", std::nullopt, MetricKind::real},
                                      {"degenerate_rate", "lower", MetricKind::binary},
                                      {"flip_hard", "higher", MetricKind::binary},
                                      {"flip_soft", "higher", MetricKind::binary},
                                      {"perplexity", "lower", MetricKind::real},
                                      {"edit_distance", "lower", MetricKind::real},
                                      {"copy_rate", "lower", MetricKind::binary},
                                      {"parse_failure_rate", "lower", MetricKind::binary},
                                      {"faithfulness", "higher", MetricKind::binary},
                                      {"faithful_all", "higher", MetricKind::binary},
                                      {"mismatch_rate", "lower", MetricKind::binary},
                                      {"flipped_share", std::nullopt, MetricKind::binary},
                                      {"unfaithful_share", "lower", MetricKind::binary},
                                      {"unfaithful_share_of_flipped", "lower", MetricKind::binary},
                                      {"first_flip_faithful", "higher", MetricKind::binary},
                                      {"flips_mentioned", "higher", MetricKind::set_level},
                                      {"cct", "higher", MetricKind::set_level},
                                      {"phi_cct", "higher", MetricKind::set_level},
                                      {"recall_top1", "higher", MetricKind::binary},
                                      {"recall_strict", "higher", MetricKind::binary},
                                      {"recall_full", "higher", MetricKind::binary},
                                      {"recall_macro", "higher", MetricKind::set_level},
                                      {"first_hop", "higher", MetricKind::binary},
                                      {"second_hop", "higher", MetricKind::binary},
                                      {"two_hop", "higher", MetricKind::binary},
                                      {"two_hop_given_hops", "higher", MetricKind::binary}};
  REQUIRE(all_metrics.size() == promises.size());
  for (std::size_t i = 0; i < promises.size(); ++i) {
    INFO(promises[i].name);
    CHECK(all_metrics[i].name == promises[i].name);
    const auto found = find_metric(promises[i].name);
    REQUIRE(found);
    CHECK(better_name(found->better) == promises[i].better);
    CHECK(found->kind == promises[i].kind);
  }
}

TEST_CASE("an unknown metric is found nowhere, not guessed") {
  CHECK_FALSE(find_metric("rouge"));
  CHECK_FALSE(find_metric(""));
}
