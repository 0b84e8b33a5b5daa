/// A TextModel that follows a script and remembers what it was asked, and a small task to ask it about.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/models/text_model.hpp"
#include "quantlens/tasks/prompt.hpp"
#include "quantlens/tasks/task.hpp"

namespace quantlens::test {

using namespace quantlens;

/// Scores, answers and judges texts by the given functions.
class ScriptedModel final : public TextModel {
 public:
  using Logprobs = std::vector<double>;

  std::function<Logprobs(const Prompt&, const std::string&)> on_score = [](const auto&, const auto&) {
    return Logprobs{-1.0};
  };
  std::function<std::string(const Prompt&)> on_complete = [](const auto&) { return std::string(" Because."); };
  std::function<Logprobs(const std::string&)> on_text = [](const auto&) { return Logprobs{-1.0}; };

  /// One continuation of a request.
  struct Scored {
    Prompt prompt;
    std::string continuation;
  };
  std::vector<Scored> scored;
  std::vector<CompletionRequest> completed;
  std::vector<std::string> texts;
  std::vector<std::size_t> batches;  ///< requests of the calls, in order

  [[nodiscard]] bool can(Capability capability) override { return capability == Capability::scores; }

  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) override {
    batches.push_back(requests.size());
    std::vector<std::vector<ScoreResult>> results;
    for (const auto& request : requests) {
      results.emplace_back();
      for (const std::string& continuation : request.continuations) {
        scored.push_back({request.prompt, continuation});
        results.back().push_back(result(on_score(request.prompt, continuation)));
      }
    }
    return results;
  }

  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override {
    batches.push_back(requests.size());
    std::vector<Completion> completions;
    for (const auto& request : requests) {
      completed.push_back(request);
      completions.push_back({on_complete(request.prompt), 100, 7, true, 0.25, 0.5});
    }
    return completions;
  }

  std::vector<ScoreResult> score_text(std::span<const std::string> asked) override {
    batches.push_back(asked.size());
    std::vector<ScoreResult> results;
    for (const auto& text : asked) {
      texts.push_back(text);
      results.push_back(result(on_text(text)));
    }
    return results;
  }

 private:
  static ScoreResult result(Logprobs logprobs) {
    const double sum = std::accumulate(logprobs.begin(), logprobs.end(), 0.0);
    return {sum, std::move(logprobs), false};
  }
};

/// Three labels (good -> bad -> odd -> good) and "unknown", one demonstration of each; every prompt there is.
inline Task toy_task() {
  Task task;
  task.name = "toy";
  task.labels = {"good", "bad", "odd"};
  task.unknown_label = "unknown";
  task.counterfactual_target = {1, 2, 0};
  task.edit_field = "text";
  const auto demonstration = [](const std::string& label, std::size_t index) {
    const std::string text = "demo " + label;
    return Item{"d-" + label,
                {{"text", text},
                 {"label", label},
                 {"explanation", "It is " + label + "."},
                 {"causes", "cause " + label},
                 {"redacted", "demo [REDACTED]"},
                 {"counterfactual", "edited " + label}},
                index,
                {}};
  };
  task.demonstrations = {demonstration("good", 0), demonstration("bad", 1), demonstration("odd", 2)};
  task.items = {
      {"i1", {{"text", "one two three four"}}, 0, {"it is one two"}},
      {"i2", {{"text", "five six seven eight"}}, 1, {"it is five"}},
      {"i3", {{"text", "nine ten"}}, 2, {}},
  };
  const auto add = [&](const char* name, const char* user, const char* prefix, const char* answer,
                       std::size_t n_demos) {
    task.prompts[name] = PromptTemplate{
        TextTemplate("Labels: {labels}."), TextTemplate(user), prefix, TextTemplate(answer), n_demos, 20};
  };
  add("classify", "Q {text}", "A:", "A: {label}", 2);
  add("explain", "Why is {text} {label}?", "E:", "E: {explanation}", 2);
  add("counterfactual", "{text}: {label} to {target}", "<new>", "<new>{counterfactual}</new>", 1);
  add("counterfactual_words", "Words of {text} for {label}", "W:", "W: {causes}", 1);
  add("counterfactual_guided", "Now to {target}", "<new>", "<new>{counterfactual}</new>", 0);
  add("redact", "Hide why {text} is {label}", "<new>", "<new>{redacted}</new>", 1);
  add("words", "List why {text} is {label}", "L:", "L: {causes}", 1);
  add("classify_redacted", "R {text}, else {unknown}", "A:", "A: {label}", 4);
  add("reason", "T {text}, think", "R:", "R: {explanation}", 1);
  task.prompts["counterfactual_guided"].system.reset();
  return task;
}

/// Whether the text of a chat's last turn holds `part`.
inline bool last_turn_has(const Prompt& prompt, std::string_view part) {
  return prompt.messages.back().content.find(part) != std::string::npos;
}

}  // namespace quantlens::test
