#include "quantlens/protocols/registry.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "scripted_model.hpp"

using namespace quantlens;

TEST_CASE("protocols have the names that cells use") {
  CHECK(protocol_names() == std::vector<std::string>{"nle", "counterfactual", "counterfactual_guided",
                                                     "self_consistency_counterfactual", "self_consistency_redaction",
                                                     "self_consistency_words", "perturb_test", "judged", "tiger_score",
                                                     "recall", "two_hop"});
  for (const std::string& name : protocol_names()) CHECK(make_protocol(name)->name() == name);
}

TEST_CASE("an unknown protocol is an error that suggests the nearest") {
  CHECK_THROWS_WITH(make_protocol("conterfactual"), Catch::Contains("did you mean 'counterfactual'?"));
  CHECK_THROWS_AS(make_protocol(""), InputError);
}

TEST_CASE("a protocol supports a task that has its prompts") {
  Task task = quantlens::test::toy_task();
  for (const auto& protocol : make_protocols())
    CHECK(protocol->supports(task) == (protocol->name() != "recall" && protocol->name() != "two_hop"));
  task.prompts.erase("counterfactual_words");
  CHECK(make_protocol("counterfactual")->supports(task));
  CHECK_FALSE(make_protocol("counterfactual_guided")->supports(task));
  task.prompts.erase("classify");
  for (const auto& protocol : make_protocols()) CHECK_FALSE(protocol->supports(task));
}

TEST_CASE("metrics have the names, directions, kinds and order that results promise") {
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
                                      {"judge_coherence", "higher", MetricKind::real},
                                      {"judge_trustworthiness", "higher", MetricKind::real},
                                      {"judge_mass", "higher", MetricKind::real},
                                      {"judge_unparsed", "lower", MetricKind::binary},
                                      {"tiger_score", "higher", MetricKind::real},
                                      {"tiger_score_itemized", "higher", MetricKind::real},
                                      {"tiger_errors", "lower", MetricKind::real},
                                      {"recall_top1", "higher", MetricKind::binary},
                                      {"recall_strict", "higher", MetricKind::binary},
                                      {"recall_full", "higher", MetricKind::binary},
                                      {"recall_macro", "higher", MetricKind::set_level},
                                      {"first_hop", "higher", MetricKind::binary},
                                      {"second_hop", "higher", MetricKind::binary},
                                      {"two_hop", "higher", MetricKind::binary},
                                      {"two_hop_given_hops", "higher", MetricKind::binary}};
  const std::vector<MetricInfo> known = known_metrics();
  REQUIRE(known.size() == promises.size());
  for (std::size_t i = 0; i < promises.size(); ++i) {
    INFO(promises[i].name);
    CHECK(known[i].name == promises[i].name);
    CHECK(better_name(known[i].better) == promises[i].better);
    CHECK(known[i].kind == promises[i].kind);
  }
}

TEST_CASE("a set-level metric brings its statistics, and no other does") {
  for (const auto& protocol : make_protocols())
    for (const Metric& metric : protocol->metrics())
      CHECK((metric.summarize != nullptr) == (metric.info.kind == MetricKind::set_level));
}

TEST_CASE("every prompt is known once, as the protocols declare it") {
  const std::vector<PromptKind> prompts = known_prompts();
  const auto find = [&](std::string_view name) { return *std::ranges::find(prompts, name, &PromptKind::name); };
  CHECK(prompts.size() == 12);
  CHECK_FALSE(find("classify").knows_label);
  CHECK(find("explain").knows_label);
  CHECK(find("counterfactual_guided").follows == "counterfactual_words");
  CHECK(find("classify_redacted").shows_redacted);
  CHECK(find("second_hop").asks_for == "answer");
  CHECK(find("recall").of == TaskKind::recall);
}

TEST_CASE("a user's choices reach the protocols that have such an option") {
  const auto value = [](const std::string& protocol, const std::vector<OptionChoice>& choices) {
    return make_protocol(protocol, choices)->options().text("label_score");
  };
  CHECK(value("nle", {}) == "sum");
  CHECK(value("nle", {{"label_score", "mean"}}) == "mean");
  CHECK(value("perturb_test", {{"label_score", "mean"}}) == "mean");
  CHECK(value("nle", {{"label_score", "mean", "perturb_test"}}) == "sum");
  CHECK(value("perturb_test", {{"label_score", "mean"}, {"label_score", "pmi", "perturb_test"}}) == "pmi");
  CHECK(make_protocol("counterfactual", {{"max_input_words", "7"}})->options().count("max_input_words") == 7);
}

TEST_CASE("a choice that is none is refused with what there is") {
  const auto make = [](const OptionChoice& choice) { return make_protocols({choice}); };
  CHECK_THROWS_WITH(make({"label_scor", "sum"}), Catch::Contains("did you mean 'label_score'?"));
  CHECK_THROWS_WITH(make({"label_score", "men"}), Catch::Contains("did you mean 'mean'?"));
  CHECK_THROWS_WITH(make({"label_score", "sum", "nlee"}), Catch::Contains("did you mean 'nle'?"));
  CHECK_THROWS_WITH(make({"max_input_words", "-1"}), Catch::Contains("expected a whole number, got '-1'"));
  CHECK_THROWS_WITH(make({"max_input_words", "7", "nle"}), Catch::Contains("max_input_words"));
  CHECK_THROWS_AS(make({"max_input_words", "99999999999999999999"}), InputError);
  for (const char* text : {"", "label_score", "=sum", ".label_score=sum"})
    CHECK_THROWS_WITH(parse_option_choice(text), Catch::Contains("[PROTOCOL.]OPTION=VALUE"));
  const OptionChoice choice = parse_option_choice("nle.label_score=a.b=c");
  CHECK(choice.protocol == "nle");
  CHECK(choice.option == "label_score");
  CHECK(choice.value == "a.b=c");
}
