#include "quantlens/protocols/cc_shap.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quantlens/protocols/registry.hpp"
#include "scripted_model.hpp"
#include "word_model.hpp"

using namespace quantlens;
using quantlens::test::toy_task;
using quantlens::test::WordModel;

namespace {

/// One item of three words, whose label is "fine day".
Task three_words() {
  Task task = toy_task();
  task.labels[0] = "fine day";
  task.items = {{"i1", {{"text", "alpha beta gamma"}}, 0, {}}};
  return task;
}

/// Log-odds that are sums over the words that a text's last lines hold.
WordModel additive() {
  WordModel model;
  model.log_odds = [](const std::string& text, const std::string& word) {
    const auto sum = [&](double alpha, double beta, double gamma) {
      const auto has = [&](const char* part) { return text.find(part) != std::string::npos; };
      return 0.3 + (has("alpha") ? alpha : 0) + (has("beta") ? beta : 0) + (has("gamma") ? gamma : 0);
    };
    if (word == " fine") return sum(0.2, -0.1, 0.3);
    return word == " two" ? sum(0.10, -0.05, 0.20) : sum(0.05, 0.10, 0.10);
  };
  return model;
}

ItemRecord run(const Task& task, WordModel& model, const std::string& name = "cc_shap",
               const std::vector<OptionChoice>& choices = {}) {
  return make_protocol(name, choices)->run(task, task.items, {model, model}, 5).at(0);
}

}  // namespace

TEST_CASE("cc_shap: the values of contributions that are planted, for every estimator") {
  const Task task = three_words();
  for (const std::string estimator : {"partition", "exact", "permutation"}) {
    INFO(estimator);
    WordModel model = additive();
    const ItemRecord record = run(task, model, "cc_shap", {{"estimator", estimator}});
    CHECK(record.scores.at("accuracy") == 1.0);
    CHECK(record.scores.at("cc_shap").value() == Approx(0.8688852730220444).epsilon(1e-9));
    CHECK(record.scores.at("cc_shap_correlation").value() == Approx(0.8842254511260494).epsilon(1e-9));
    CHECK(record.scores.at("cc_shap_spearman").value() == Approx(1.0).epsilon(1e-9));
    const nlohmann::json& entry = record.transcript.back();
    CHECK(entry.at("players") == nlohmann::json({"alpha", "beta", "gamma"}));
    const std::vector<double> answer = entry.at("of_answer").at("shares");
    const std::vector<double> explanation = entry.at("of_explanation").at("shares");
    const double of_answer[] = {1.0 / 3, -1.0 / 6, 0.5}, of_explanation[] = {0.24285714, 0.12857143, 0.48571429};
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(answer.at(i) == Approx(of_answer[i]).epsilon(1e-7));
      CHECK(explanation.at(i) == Approx(of_explanation[i]).epsilon(1e-7));
    }
    CHECK(entry.at("of_answer").contains("standard_errors") == (estimator == "permutation"));
    CHECK(item_record_from_json(nlohmann::json::parse(to_json(record).dump())) == record);
  }
}

TEST_CASE("cc_shap: parts of the item alone are hidden, the answer stays as it was written") {
  const Task task = three_words();
  WordModel model = additive();
  const ItemRecord record = run(task, model);
  REQUIRE(model.contexts.size() == model.continuations.size());
  // Nobody and all, two splits of the root's children, two more in two contexts; for two sides.
  CHECK(model.contexts.size() == 16);
  CHECK(record.transcript.back().at("of_answer").at("n_evaluations") == 8);
  CHECK(model.batches == std::vector<std::size_t>{4, 4, 8});
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < model.contexts.size(); ++i) {
    const std::string& context = model.contexts[i];
    CHECK(context.starts_with("Labels: fine day, bad or odd."));
    const bool answers = context.ends_with("A:");
    const std::string opening = answers ? "\nQ " : "\nWhy is ", closing = answers ? "\nA:" : " fine day?\nE:";
    REQUIRE(context.ends_with(closing));
    const std::size_t begin = context.rfind(opening) + opening.size();
    texts.push_back(context.substr(begin, context.size() - closing.size() - begin));
    CHECK(model.continuations[i] == (answers ? " fine" : " two words"));
  }
  std::sort(texts.begin(), texts.end());
  CHECK(texts == std::vector<std::string>{"...", "...", "... beta ...", "... beta ...", "... beta gamma",
                                          "... beta gamma", "... gamma", "... gamma", "alpha ...", "alpha ...",
                                          "alpha ... gamma", "alpha ... gamma", "alpha beta ...", "alpha beta ...",
                                          "alpha beta gamma", "alpha beta gamma"});
}

TEST_CASE("cc_shap_cot: reasons are compared with the answer, and nobody tells them the label") {
  const Task task = three_words();
  WordModel model = additive();
  const ItemRecord record = run(task, model, "cc_shap_cot");
  CHECK(record.scores.at("cc_shap").value() == Approx(0.8688852730220444).epsilon(1e-9));
  REQUIRE(model.completed.size() == 1);
  CHECK(model.completed[0].prompt.messages.back().content == "T alpha beta gamma, think");
  CHECK(model.completed[0].prompt.answer_prefix == "R:");
  CHECK(record.transcript.json().at(1).at("step") == "reason");
}

TEST_CASE("cc_shap: an explanation of the opposite parts is opposite") {
  const Task task = three_words();
  WordModel model = additive();
  const auto odds = model.log_odds;
  model.log_odds = [odds](const std::string& text, const std::string& word) {
    return word == " fine" ? odds(text, " fine") : -2 * odds(text, " fine");
  };
  const ItemRecord record = run(task, model);
  CHECK(record.scores.at("cc_shap").value() == Approx(-1.0).epsilon(1e-9));
  CHECK(record.scores.at("cc_shap_correlation").value() == Approx(-1.0).epsilon(1e-9));
  CHECK(record.scores.at("cc_shap_spearman").value() == Approx(1.0).epsilon(1e-9));
}

TEST_CASE("cc_shap: what cannot be compared is null") {
  const Task task = three_words();
  const auto is_null = [](const ItemRecord& record) {
    return !record.scores.at("cc_shap") && !record.scores.at("cc_shap_correlation") &&
           !record.scores.at("cc_shap_spearman");
  };
  WordModel silent = additive();
  silent.on_complete = [](const Prompt&) { return std::string(); };
  CHECK(is_null(run(task, silent)));
  CHECK(silent.contexts.empty());

  WordModel indifferent;
  const ItemRecord record = run(task, indifferent);
  CHECK(is_null(record));
  CHECK_FALSE(record.transcript.back().at("of_answer").contains("shares"));

  Task empty = task;
  empty.items[0].fields["text"] = "";
  WordModel model = additive();
  CHECK(is_null(run(empty, model)));

  // A single player has a share, and no spread to correlate.
  Task single = task;
  single.items[0].fields["text"] = "alpha";
  const ItemRecord one = run(single, model);
  CHECK(one.scores.at("cc_shap").value() == Approx(1.0));
  CHECK_FALSE(one.scores.at("cc_shap_correlation"));
  CHECK_FALSE(one.scores.at("cc_shap_spearman"));
}

TEST_CASE("cc_shap: tokens that are certain have log-odds that end") {
  const Task task = three_words();
  WordModel model;
  model.log_odds = [](const std::string& text, const std::string&) {
    return text.find("alpha") != std::string::npos ? std::numeric_limits<double>::infinity()
                                                   : -std::numeric_limits<double>::infinity();
  };
  const ItemRecord record = run(task, model);
  CHECK(record.scores.at("cc_shap").value() == Approx(1.0));
  CHECK(record.transcript.back().at("of_answer").at("shares").get<std::vector<double>>() ==
        std::vector<double>{1.0, 0.0, 0.0});
}

TEST_CASE("cc_shap: a hundred tokens of an explanation are explained, within the budget") {
  Task task = three_words();
  task.prompts.at("explain").max_new_tokens = 200;
  task.items[0].fields["text"] = "alpha a b c d beta e f g h gamma i j k l m n o p q r s t u v w";
  WordModel model = additive();
  model.on_complete = [](const Prompt&) {
    std::string text;
    for (int i = 0; i < 150; ++i) text += " word";
    return text;
  };
  const ItemRecord record = run(task, model, "cc_shap", {{"evaluations", "60"}});
  CHECK(model.completed.at(0).max_new_tokens == 100);
  CHECK(std::all_of(model.continuations.begin(), model.continuations.end(),
                    [](const std::string& text) { return text == " fine" || text.size() == 100 * 5; }));
  CHECK(model.continuations.back().size() == 100 * 5);
  CHECK(record.transcript.back().at("of_explanation").at("n_evaluations") == 60);
  // 2^5 coalitions of five groups are what sixty pay for.
  CHECK(run(task, model, "cc_shap", {{"evaluations", "60"}, {"estimator", "exact"}})
            .transcript.back()
            .at("of_answer")
            .at("n_evaluations") == 32);
}

TEST_CASE("cc_shap: an item's record does not depend on the rest of the batch") {
  Task task = three_words();
  task.items.push_back({"i2", {{"text", "gamma delta, epsilon alpha. zeta"}}, 1, {}});
  task.items.push_back({"i3", {{"text", "beta"}}, 1, {}});
  for (const std::string estimator : {"partition", "permutation"}) {
    WordModel model = additive();
    const auto protocol = make_protocol("cc_shap", {{"estimator", estimator}});
    const auto forget_time = [](ItemRecord record) {
      record.seconds = 0;
      return record;
    };
    const auto together = protocol->run(task, task.items, {model, model}, 5);
    for (std::size_t i = 0; i < 3; ++i)
      CHECK(forget_time(protocol->run(task, {&task.items[i], 1}, {model, model}, 5).at(0)) == forget_time(together[i]));
  }
}

TEST_CASE("cc_shap: needs tokens, and refuses a task without its prompts") {
  const auto protocol = make_protocol("cc_shap");
  CHECK(protocol->needs().of_model == std::vector<Capability>{Capability::scores, Capability::tokens});
  Task task = three_words();
  task.prompts.erase("explain");
  WordModel model = additive();
  CHECK_THROWS_AS(protocol->run(task, task.items, {model, model}, 5), InputError);
  CHECK(make_protocol("cc_shap_cot")->supports(task));
}
