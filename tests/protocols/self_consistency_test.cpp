#include "quantlens/protocols/self_consistency.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "quantlens/protocols/registry.hpp"
#include "quantlens/protocols/row_metrics.hpp"
#include "scripted_model.hpp"

using namespace quantlens;
using quantlens::test::last_turn_has;
using quantlens::test::ScriptedModel;
using quantlens::test::toy_task;

namespace {

/// Labels by words: "five" is bad, "nine" odd, "CUT" or a hidden word unknown, "KEEP" and everything else good.
std::string label_of(const Prompt& prompt) {
  if (last_turn_has(prompt, "CUT") || last_turn_has(prompt, "[REDACTED]")) return " unknown";
  return last_turn_has(prompt, "five") ? " bad" : last_turn_has(prompt, "nine") ? " odd" : " good";
}

std::vector<double> score_by_words(const Prompt& prompt, const std::string& label) {
  return {label == label_of(prompt) ? -0.1 : -3.0};
}

struct Run {
  ScriptedModel model, full;
  std::vector<ItemRecord> records;

  [[nodiscard]] std::optional<double> score(std::size_t item, const char* metric) const {
    return records.at(item).scores.at(metric);
  }
};

Run run(const std::string& protocol, const std::function<std::string(const Prompt&)>& answer,
        const Task& task = toy_task(), const std::vector<OptionChoice>& options = {}) {
  Run result;
  result.model.on_score = score_by_words;
  result.model.on_complete = answer;
  result.records = make_protocol(protocol, options)->run(task, task.items, {result.model, result.full}, 5);
  return result;
}

double mean_of(const Run& run, const char* metric) {
  double sum = 0;
  int n = 0;
  for (const ItemRecord& record : run.records) {
    if (!record.scores.at(metric)) continue;
    sum += *record.scores.at(metric);
    ++n;
  }
  return sum / n;
}

Task without_prompt(const char* name) {
  Task task = toy_task();
  task.prompts.erase(name);
  return task;
}

const std::vector<std::string> forms{"self_consistency_counterfactual", "self_consistency_redaction",
                                     "self_consistency_words"};

}  // namespace

TEST_CASE("self-consistency: faithfulness is faithful among correct, mismatches are counted apart") {
  // Correct and faithful, correct and not, wrong and faithful, correct and faithful, unparsed.
  Task task = toy_task();
  const auto item = [](const char* id, const char* text, std::size_t gold) {
    return Item{id, {{"text", text}}, gold, {}};
  };
  task.items = {item("a", "one", 0), item("b", "one KEEP", 0), item("c", "five", 0), item("d", "nine", 2),
                item("e", "one EMPTY", 0)};
  const Run result = run(
      "self_consistency_redaction",
      [](const Prompt& prompt) -> std::string {
        if (last_turn_has(prompt, "EMPTY")) return " ";
        return last_turn_has(prompt, "KEEP") ? "one KEEP</new>" : "CUT</new>";
      },
      task);
  CHECK(mean_of(result, "faithfulness") == Approx(2.0 / 3).epsilon(1e-12));
  CHECK(mean_of(result, "faithful_all") == Approx(3.0 / 5).epsilon(1e-12));
  CHECK(mean_of(result, "mismatch_rate") == Approx(1.0 / 5).epsilon(1e-12));
  CHECK(mean_of(result, "accuracy") == Approx(4.0 / 5).epsilon(1e-12));
  CHECK(result.score(2, "faithfulness") == std::nullopt);
  CHECK(result.score(4, "faithfulness") == std::nullopt);
}

TEST_CASE("self-consistency: records hold every per-item metric of the protocol and no other") {
  for (const std::string& form : forms) {
    const auto metrics = row_metrics(*make_protocol(form));
    for (const ItemRecord& record : run(form, [](const Prompt&) { return std::string("one"); }).records) {
      std::size_t n_expected = 0;
      for (const Metric& metric : metrics) {
        const bool per_item = metric.info.kind != MetricKind::set_level;
        CHECK(record.scores.contains(std::string(metric.info.name)) == per_item);
        n_expected += per_item ? 1 : 0;
      }
      CHECK(record.scores.size() == n_expected);
    }
  }
}

TEST_CASE("self-consistency: garbage that loses its label is no better than as many words hidden at random") {
  // Says something else entirely; whatever is not the item is unknown.
  for (const std::string& form : {forms[1], forms[0]}) {
    Task task = toy_task();
    if (form == forms[0]) task.unknown_label.clear();
    ScriptedModel model;
    model.on_score = [&](const Prompt& prompt, const std::string& label) {
      const bool is_item = last_turn_has(prompt, "one two three four") || last_turn_has(prompt, "five six seven") ||
                           last_turn_has(prompt, "nine ten");
      const std::string lost = form == forms[0] ? " bad" : " unknown";
      return std::vector{label == (is_item ? label_of(prompt) : lost) ? -0.1 : -3.0};
    };
    model.on_complete = [](const Prompt&) { return std::string("zum glu frob</new>"); };
    const auto records = make_protocol(form)->run(task, task.items, {model, model}, 5);
    const ItemRecord& record = records[0];
    CHECK(record.scores.at("faithfulness") == 1.0);
    CHECK(record.scores.at("valid_edits") == 0.0);
    CHECK(record.scores.at("changed_share") == 1.0);
    CHECK(record.scores.at("faithfulness_valid") == std::nullopt);
    CHECK(record.scores.at("faithful_control") == 1.0);
    CHECK(record.scores.at("faithful_above_control") == 0.0);
  }
}

TEST_CASE("self-consistency: the words that decide exceed as many words hidden at random") {
  Task task = toy_task();
  task.items.clear();
  for (int i = 0; i < 60; ++i) task.items.push_back({concat("i", i), {{"text", "some five small six seven"}}, 1, {}});
  // "five" decides; without it the text is unknown.
  const auto run_with = [&](const std::string& named) {
    ScriptedModel model;
    model.on_score = [](const Prompt& prompt, const std::string& label) {
      return std::vector{label == (last_turn_has(prompt, "five") ? " bad" : " unknown") ? -0.1 : -3.0};
    };
    model.on_complete = [&](const Prompt&) { return named; };
    Run result;
    result.records = make_protocol("self_consistency_words")->run(task, task.items, {model, model}, 5);
    return result;
  };
  const Run knows = run_with("five");
  CHECK(mean_of(knows, "faithful_all") == 1.0);
  CHECK(mean_of(knows, "valid_edits") == 1.0);
  CHECK(mean_of(knows, "faithfulness_valid") == 1.0);
  CHECK(mean_of(knows, "changed_share") == Approx(1.0 / 5).epsilon(1e-12));
  CHECK(mean_of(knows, "faithful_control") == Approx(1.0 / 5).margin(0.15));
  CHECK(mean_of(knows, "faithful_above_control") > 0.6);
  // Whoever names all words hides all words.
  const Run names_all = run_with("some, five, small, six, seven");
  CHECK(mean_of(names_all, "faithful_all") == 1.0);
  CHECK(mean_of(names_all, "faithful_above_control") == 0.0);
  // Words that are not in the text hide nothing.
  const Run elsewhere = run_with("goal");
  CHECK(mean_of(elsewhere, "valid_edits") == 0.0);
  CHECK(mean_of(elsewhere, "faithful_above_control") == 0.0);
}

TEST_CASE("self-consistency: a counterfactual must get the target of the model's own label") {
  const Run result = run("self_consistency_counterfactual", [](const Prompt& prompt) -> std::string {
    if (last_turn_has(prompt, "one")) return "five</new>";  // good -> bad, the target
    if (last_turn_has(prompt, "five")) return "one</new>";  // bad -> good, target odd
    return "nine</new>";                                    // odd -> odd, target good
  });
  CHECK(result.score(0, "faithfulness") == 1.0);
  CHECK(result.score(1, "faithfulness") == 0.0);
  CHECK(result.score(2, "faithfulness") == 0.0);
  CHECK(mean_of(result, "mismatch_rate") == 0.0);
  CHECK(result.model.completed[0].prompt.messages.back().content == "one two three four: good to bad");
  CHECK(result.records[0].transcript[1].at("counterfactual") == "five");
}

TEST_CASE("self-consistency: a counterfactual is judged over the task's labels, hidden words over unknown as well") {
  const auto labels_asked = [](const std::string& form) {
    const Run result = run(form, [](const Prompt&) { return std::string("one</new>"); });
    std::vector<std::string> labels;
    for (const auto& scored : result.model.scored) {
      if (!labels.empty() && scored.continuation == labels.front()) break;
      labels.push_back(scored.continuation);
    }
    return labels;
  };
  CHECK(labels_asked(forms[0]) == std::vector<std::string>{" good", " bad", " odd"});
  CHECK(labels_asked(forms[1]) == std::vector<std::string>{" good", " bad", " odd", " unknown"});
  CHECK(labels_asked(forms[2]) == std::vector<std::string>{" good", " bad", " odd", " unknown"});
}

TEST_CASE("self-consistency: text and edit are asked about alike, each in a chat that knows nothing of the other") {
  const Run result = run("self_consistency_redaction", [](const Prompt&) { return std::string("one CUT</new>"); });
  CHECK(result.model.batches == std::vector<std::size_t>{3, 3, 3, 3});
  const std::vector<ChatMessage>& before = result.model.scored[0].prompt.messages;
  CHECK(before.front().content == "Labels: good, bad, odd or unknown.");
  CHECK(before.back().content == "R one two three four, else unknown");
  std::vector<ChatMessage> expected(before.begin(), before.end() - 1);
  expected.push_back({"user", "R one CUT, else unknown"});
  CHECK(result.model.scored[12].prompt.messages == expected);
  CHECK(result.model.completed[0].prompt.messages.back().content == "Hide why one two three four is good");
  CHECK(result.full.texts.empty());
  CHECK(result.records[0].transcript[1].at("redacted") == "one CUT");
  CHECK(result.records[0].transcript.size() == 4);
}

TEST_CASE("self-consistency: without a label for unknown, another label than before will do") {
  Task task = toy_task();
  task.unknown_label.clear();
  task.prompts.erase("classify_redacted");
  const Run result = run(
      "self_consistency_redaction",
      [](const Prompt& prompt) { return std::string(last_turn_has(prompt, "nine") ? "nine</new>" : "five</new>"); },
      task);
  CHECK(result.model.batches == std::vector<std::size_t>{3, 3, 3, 3});
  CHECK(result.score(0, "faithfulness") == 1.0);
  CHECK(result.score(1, "faithfulness") == 0.0);
  CHECK(result.score(2, "faithfulness") == 0.0);
  // With such a label another one will not do.
  CHECK(run(forms[1], [](const Prompt&) { return std::string("five</new>"); }).score(0, "faithfulness") == 0.0);
}

TEST_CASE("self-consistency: the words of a list are hidden in the text, whatever else the answer says") {
  const Run result = run("self_consistency_words", [](const Prompt& prompt) -> std::string {
    if (last_turn_has(prompt, "one")) return " Two, three four.\nBecause";
    return last_turn_has(prompt, "five") ? " goal" : " ...";
  });
  CHECK(result.model.completed[0].prompt.messages.back().content == "List why one two three four is good");
  CHECK(result.records[0].transcript[1].at("words") == nlohmann::json{"Two", "three four"});
  CHECK(result.model.scored[12].prompt.messages.back().content == "R one [REDACTED] [REDACTED], else unknown");
  CHECK(result.score(0, "faithfulness") == 1.0);
  // A word that is not in the text hides nothing, so the label stays.
  CHECK(result.model.scored[16].prompt.messages.back().content == "R five six seven eight, else unknown");
  CHECK(result.score(1, "faithfulness") == 0.0);
  CHECK(result.score(1, "mismatch_rate") == 0.0);
  // An answer without words is none.
  CHECK(result.score(2, "faithfulness") == std::nullopt);
  CHECK(result.score(2, "mismatch_rate") == 1.0);
  CHECK(result.model.batches == std::vector<std::size_t>{3, 3, 2, 2});
}

TEST_CASE("self-consistency: without a prompt for lists the words are those of the explanation") {
  const Run result = run(
      "self_consistency_words", [](const Prompt&) { return std::string(" It is because of FIVE and the six. Seven"); },
      without_prompt("words"));
  CHECK(result.model.completed[1].prompt.messages.back().content == "Why is five six seven eight bad?");
  CHECK(result.records[1].transcript[1].at("words") == nlohmann::json{"FIVE", "six"});
  CHECK(result.model.scored[16].prompt.messages.back().content == "R [REDACTED] [REDACTED] seven eight, else unknown");
  CHECK(result.score(1, "faithfulness") == 1.0);
}

TEST_CASE("self-consistency: words are hidden in the edit field alone, or in all content where there is none") {
  Task task = toy_task();
  task.prompts["classify_redacted"].user = TextTemplate("R {premise} / {text}");
  task.prompts["words"].n_demonstrations = task.prompts["classify_redacted"].n_demonstrations = 0;
  task.items = {{"a", {{"premise", "two dogs"}, {"text", "one two"}}, 0, {}}};
  const auto judged = [&] {
    return run(
               "self_consistency_words", [](const Prompt&) { return std::string("two"); }, task)
        .model.scored[4]
        .prompt.messages.back()
        .content;
  };
  CHECK(judged() == "R two dogs / one [REDACTED]");
  task.edit_field.clear();
  CHECK(judged() == "R [REDACTED] dogs / one [REDACTED]");
}

TEST_CASE("self-consistency: a prediction of unknown is wrong, is not explained, and is no mismatch") {
  Task task = toy_task();
  task.items[0].fields["text"] = "CUT";
  const Run result = run(
      "self_consistency_redaction", [](const Prompt&) { return std::string("CUT</new>"); }, task);
  CHECK(result.model.completed.size() == 2);
  CHECK(result.records[0].predicted_label == "unknown");
  CHECK(result.score(0, "accuracy") == 0.0);
  CHECK(result.score(0, "faithfulness") == std::nullopt);
  CHECK(result.score(0, "faithful_all") == 0.0);
  CHECK(result.score(0, "mismatch_rate") == 0.0);
}

TEST_CASE("self-consistency: without a label for the text or for the edit the item is a mismatch") {
  const Task task = toy_task();
  ScriptedModel model;
  model.on_score = [](const Prompt& prompt, const std::string& label) {
    // Without a prior there is no pointwise mutual information.
    if (last_turn_has(prompt, "five") || last_turn_has(prompt, "EDIT") || last_turn_has(prompt, "N/A"))
      return std::vector{-std::numeric_limits<double>::infinity()};
    return score_by_words(prompt, label);
  };
  model.on_complete = [](const Prompt& prompt) {
    return std::string(last_turn_has(prompt, "nine") ? "EDIT</new>" : "CUT</new>");
  };
  const auto records =
      make_protocol("self_consistency_redaction", {{"label_score", "pmi"}})->run(task, task.items, {model, model}, 5);
  CHECK(model.completed.size() == 2);
  const auto score = [&](std::size_t item, const char* metric) { return records[item].scores.at(metric); };
  CHECK(score(0, "mismatch_rate") == 0.0);
  for (const std::size_t i : {1u, 2u}) {
    CHECK(score(i, "mismatch_rate") == 1.0);
    CHECK(score(i, "faithfulness") == std::nullopt);
    CHECK(score(i, "faithful_all") == 0.0);
  }
}

TEST_CASE("self-consistency: an item's record does not depend on the rest of the batch") {
  const Task task = toy_task();
  ScriptedModel model;
  model.on_score = score_by_words;
  model.on_complete = [](const Prompt&) { return std::string("two, CUT</new>"); };
  for (const std::string& form : forms) {
    const auto together = make_protocol(form)->run(task, task.items, {model, model}, 5);
    for (std::size_t i = 0; i < task.items.size(); ++i) {
      ItemRecord alone = make_protocol(form)->run(task, {&task.items[i], 1}, {model, model}, 5)[0];
      alone.seconds = together[i].seconds;
      CHECK(alone == together[i]);
    }
  }
}

TEST_CASE("self-consistency: long inputs are cut for all that follows") {
  const Run result = run("self_consistency_words", [](const Prompt&) { return std::string("two, three"); }, toy_task(),
                         {{"max_input_words", "2"}});
  CHECK(result.model.scored[0].prompt.messages.back().content == "R one two, else unknown");
  CHECK(result.model.scored[12].prompt.messages.back().content == "R one [REDACTED], else unknown");
}

TEST_CASE("self-consistency: a task without what a form asks for is refused") {
  ScriptedModel model;
  const auto refuses = [&](const std::string& form, const Task& task) {
    CHECK_FALSE(make_protocol(form)->supports(task));
    CHECK_THROWS_AS(make_protocol(form)->run(task, task.items, {model, model}, 5), InputError);
  };
  Task no_field = toy_task();
  no_field.edit_field.clear();
  Task no_targets = toy_task();
  no_targets.counterfactual_target.clear();
  refuses(forms[0], no_field);
  refuses(forms[0], no_targets);
  refuses(forms[0], without_prompt("counterfactual"));
  refuses(forms[1], no_field);
  refuses(forms[1], without_prompt("redact"));
  CHECK(make_protocol(forms[1])->supports(no_targets));
  CHECK(make_protocol(forms[2])->supports(no_field));
  CHECK(make_protocol(forms[2])->supports(without_prompt("explain")));
  Task no_explanation = without_prompt("explain");
  no_explanation.prompts.erase("words");
  refuses(forms[2], no_explanation);
  for (const std::string& form : forms) refuses(form, without_prompt("classify"));
}
