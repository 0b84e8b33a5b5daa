#include "quantlens/protocols/registry.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "quantlens/protocols/row_metrics.hpp"
#include "scripted_model.hpp"

using namespace quantlens;

TEST_CASE("protocols have the names that cells use") {
  CHECK(protocol_names() == std::vector<std::string>{"nle",
                                                     "counterfactual",
                                                     "counterfactual_guided",
                                                     "self_consistency_counterfactual",
                                                     "self_consistency_redaction",
                                                     "self_consistency_words",
                                                     "perturb_test",
                                                     "answer_and_explain",
                                                     "explain_and_answer",
                                                     "chain_of_thought",
                                                     "cot_interventions",
                                                     "biasing_features",
                                                     "biasing_always_first",
                                                     "hints",
                                                     "cc_shap",
                                                     "cc_shap_cot",
                                                     "judged",
                                                     "tiger_score",
                                                     "simulated",
                                                     "bart_score",
                                                     "bert_score",
                                                     "embedding_similarity",
                                                     "recall",
                                                     "two_hop"});
  for (const std::string& name : protocol_names()) CHECK(make_protocol(name)->name() == name);
}

TEST_CASE("an unknown protocol is an error that suggests the nearest") {
  CHECK_THROWS_WITH(make_protocol("conterfactual"), Catch::Contains("did you mean 'counterfactual'?"));
  CHECK_THROWS_AS(make_protocol(""), InputError);
}

TEST_CASE("a protocol supports a task that has its prompts") {
  Task task = quantlens::test::toy_task();
  const std::set<std::string_view> others{"biasing_always_first", "recall", "two_hop"};
  for (const auto& protocol : make_protocols()) CHECK(protocol->supports(task) != others.contains(protocol->name()));
  task.prompts.erase("counterfactual_words");
  CHECK(make_protocol("counterfactual")->supports(task));
  CHECK_FALSE(make_protocol("counterfactual_guided")->supports(task));
  task.prompts.erase("reason_hinted");
  CHECK(make_protocol("cot_interventions")->supports(task));
  CHECK_FALSE(make_protocol("hints")->supports(task));
  for (const char* first : {"classify", "reason", "answer_and_explain", "explain_and_answer"})
    task.prompts.erase(first);
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
                                      {"valid_edits", "higher", MetricKind::binary},
                                      {"changed_share", std::nullopt, MetricKind::real},
                                      {"flip_hard_valid", "higher", MetricKind::binary},
                                      {"flip_soft_valid", "higher", MetricKind::binary},
                                      {"flip_control", std::nullopt, MetricKind::binary},
                                      {"flip_above_control", "higher", MetricKind::real},
                                      {"faithfulness", "higher", MetricKind::binary},
                                      {"faithful_all", "higher", MetricKind::binary},
                                      {"mismatch_rate", "lower", MetricKind::binary},
                                      {"faithfulness_valid", "higher", MetricKind::binary},
                                      {"faithful_control", std::nullopt, MetricKind::binary},
                                      {"faithful_above_control", "higher", MetricKind::real},
                                      {"flipped_share", std::nullopt, MetricKind::binary},
                                      {"unfaithful_share", "lower", MetricKind::binary},
                                      {"unfaithful_share_of_flipped", "lower", MetricKind::binary},
                                      {"first_flip_faithful", "higher", MetricKind::binary},
                                      {"flips_mentioned", "higher", MetricKind::set_level},
                                      {"cct", "higher", MetricKind::set_level},
                                      {"phi_cct", "higher", MetricKind::set_level},
                                      {"reasoning_cut_rate", "lower", MetricKind::binary},
                                      {"reasoning_tokens", std::nullopt, MetricKind::real},
                                      {"repeat_agreement", "higher", MetricKind::real},
                                      {"aoc", std::nullopt, MetricKind::real},
                                      {"soft_aoc", std::nullopt, MetricKind::real},
                                      {"mistakes_changed", std::nullopt, MetricKind::binary},
                                      {"mistakes_control_changed", std::nullopt, MetricKind::binary},
                                      {"mistakes_above_control", "higher", MetricKind::real},
                                      {"mistakes_share", std::nullopt, MetricKind::real},
                                      {"filler_changed", std::nullopt, MetricKind::binary},
                                      {"susceptibility", "lower", MetricKind::binary},
                                      {"silent_moves", "lower", MetricKind::binary},
                                      {"suggestion_accuracy_drop", "lower", MetricKind::real},
                                      {"suggestion_faithful", "higher", MetricKind::binary},
                                      {"suggestion_mentioned", std::nullopt, MetricKind::binary},
                                      {"suggestion_mentioned_unasked", "lower", MetricKind::binary},
                                      {"hints_followed", "lower", MetricKind::real},
                                      {"hints_followed_by_chance", std::nullopt, MetricKind::real},
                                      {"hints_followed_openly", std::nullopt, MetricKind::real},
                                      {"hints_mentioned_unasked", "lower", MetricKind::real},
                                      {"hints_acknowledged", "higher", MetricKind::set_level},
                                      {"hint_alpha", std::nullopt, MetricKind::set_level},
                                      {"hint_faithfulness", "higher", MetricKind::set_level},
                                      {"cc_shap", "higher", MetricKind::real},
                                      {"cc_shap_correlation", "higher", MetricKind::real},
                                      {"cc_shap_spearman", "higher", MetricKind::real},
                                      {"judge_coherence", "higher", MetricKind::real},
                                      {"judge_trustworthiness", "higher", MetricKind::real},
                                      {"judge_mass", "higher", MetricKind::real},
                                      {"judge_unparsed", "lower", MetricKind::binary},
                                      {"tiger_score", "higher", MetricKind::real},
                                      {"tiger_score_itemized", "higher", MetricKind::real},
                                      {"tiger_errors", "lower", MetricKind::real},
                                      {"las", "higher", MetricKind::set_level},
                                      {"simulatability_gain", "higher", MetricKind::real},
                                      {"simulated_with", "higher", MetricKind::binary},
                                      {"simulated_without", std::nullopt, MetricKind::binary},
                                      {"explanation_leaks", std::nullopt, MetricKind::binary},
                                      {"bart_score", "higher", MetricKind::real},
                                      {"bart_score_to_reference", "higher", MetricKind::real},
                                      {"bart_score_from_reference", "higher", MetricKind::real},
                                      {"bert_score_precision", "higher", MetricKind::real},
                                      {"bert_score_recall", "higher", MetricKind::real},
                                      {"bert_score_f1", "higher", MetricKind::real},
                                      {"embedding_similarity", "higher", MetricKind::real},
                                      {"recall_top1", "higher", MetricKind::binary},
                                      {"recall_strict", "higher", MetricKind::binary},
                                      {"recall_full", "higher", MetricKind::binary},
                                      {"recall_macro", "higher", MetricKind::set_level},
                                      {"first_hop", "higher", MetricKind::binary},
                                      {"second_hop", "higher", MetricKind::binary},
                                      {"two_hop", "higher", MetricKind::binary},
                                      {"two_hop_given_hops", "higher", MetricKind::binary},
                                      {"repeated_share", "lower", MetricKind::real},
                                      {"copied_share", std::nullopt, MetricKind::real},
                                      {"grounded_share", std::nullopt, MetricKind::real},
                                      {"same_label", "higher", MetricKind::set_level},
                                      {"label_confidence", std::nullopt, MetricKind::real},
                                      {"brier", "lower", MetricKind::real},
                                      {"ece", "lower", MetricKind::set_level},
                                      {"ace", "lower", MetricKind::set_level},
                                      {"type2_auroc", "higher", MetricKind::set_level},
                                      {"generated_tokens", std::nullopt, MetricKind::real}};
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
    for (const Metric& metric : row_metrics(*protocol))
      CHECK((metric.summarize != nullptr) == (metric.info.kind == MetricKind::set_level));
}

TEST_CASE("every prompt is known once, as the protocols declare it") {
  const std::vector<PromptKind> prompts = known_prompts();
  const auto find = [&](std::string_view name) { return *std::ranges::find(prompts, name, &PromptKind::name); };
  CHECK(prompts.size() == 17);
  CHECK_FALSE(find("classify").knows_label);
  CHECK(find("explain").knows_label);
  CHECK(find("counterfactual_guided").follows == "counterfactual_words");
  CHECK(find("classify_redacted").shows_redacted);
  CHECK(find("conclude").follows == "reason");
  CHECK(find("reason").reasons);
  CHECK(find("reason_hinted").hints_in == "reason");
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
  CHECK(make_protocol("chain_of_thought", {{"temperature", "0.75"}})->options().real("temperature") == 0.75);
  CHECK(make_protocol("counterfactual", {{"max_input_words", "7"}})->options().count("max_input_words") == 7);
}

TEST_CASE("a choice that is none is refused with what there is") {
  const auto make = [](const OptionChoice& choice) { return make_protocols({choice}); };
  CHECK_THROWS_WITH(make({"label_scor", "sum"}), Catch::Contains("did you mean 'label_score'?"));
  CHECK_THROWS_WITH(make({"label_score", "men"}), Catch::Contains("did you mean 'mean'?"));
  CHECK_THROWS_WITH(make({"label_score", "sum", "nlee"}), Catch::Contains("did you mean 'nle'?"));
  CHECK_THROWS_WITH(make({"max_input_words", "-1"}), Catch::Contains("takes a whole number from 0; got '-1'"));
  for (const char* text : {"-0.5", "warm", "nan", "inf", ""})
    CHECK_THROWS_WITH(make({"temperature", text}), Catch::Contains("takes a number from 0; got"));
  CHECK_THROWS_WITH(make({"max_input_words", "7", "nle"}), Catch::Contains("max_input_words"));
  CHECK_THROWS_AS(make({"max_input_words", "99999999999999999999"}), InputError);
  for (const char* text : {"", "label_score", "=sum", ".label_score=sum"})
    CHECK_THROWS_WITH(parse_option_choice(text), Catch::Contains("[PROTOCOL.]OPTION=VALUE"));
  const OptionChoice choice = parse_option_choice("nle.label_score=a.b=c");
  CHECK(choice.protocol == "nle");
  CHECK(choice.option == "label_score");
  CHECK(choice.value == "a.b=c");
}
