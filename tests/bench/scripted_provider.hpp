/// A model file without a model: answers follow from the prompt and the format, and every call is counted.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../io/temp_folder.hpp"
#include "quantlens/bench/host.hpp"
#include "quantlens/bench/model_provider.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/rng.hpp"

namespace quantlens::test {

using namespace quantlens;

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// A clock that only scripted answers move, and what else is known of the machine.
struct ScriptedTime {
  double seconds = 0;
  HostUse use{0, 0, 2, 0};
  /// How much longer than usual an answer of this format takes now, and how many processors others use meanwhile.
  std::function<double(const std::string&)> slowness = [](const std::string&) { return 1; };
  std::function<double()> others = [] { return 0; };

  void pass(double amount) {
    seconds += amount;
    use.own += amount;
    use.busy += amount * (1 + others());
  }
  [[nodiscard]] Host host(double free_mib = 1e6) {
    return {[this] { return seconds; }, [this] { return use; }, [free_mib] { return free_mib; }};
  }
};

/// Picks a label by the item's text: `noise` is the share of texts whose label changes with the format.
class ScriptedModel final : public MeasuredModel {
 public:
  ScriptedModel(std::string format, double noise, ScriptedTime& time, std::string refused = {})
      : format_(std::move(format)), noise_(noise), time_(time), refused_(std::move(refused)) {}

  [[nodiscard]] bool can(Capability capability) override { return capability == Capability::scores; }
  [[nodiscard]] EngineCounters counters() const override { return counters_; }
  [[nodiscard]] ModelWeight weight() const override { return {12.5, 4.5, 6.25}; }
  void forget_prompts() override { known_.clear(); }
  void use_threads(std::size_t /*threads*/) override {}

  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) override {
    std::vector<std::vector<ScoreResult>> results;
    for (const ContinuationRequest& request : requests) {
      results.emplace_back();
      for (const std::string& continuation : request.continuations) {
        const double logprob = -10 * draw(question_of(request.prompt), continuation);
        results.back().push_back({logprob, {logprob}, false});
        count(5, 0, 1);
      }
    }
    return results;
  }
  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override {
    std::vector<Completion> completions;
    for (const CompletionRequest& request : requests) {
      const std::string& question = question_of(request.prompt);
      const std::string text = draw(question, "answer") < 0.5 ? " Teams and goals decide it." : " Banks and markets.";
      const bool is_new = known_.insert(question).second;
      completions.push_back({text, 9, 4, true, is_new ? 0.002 : 0.001, 0.006});
      const double slowness = time_.slowness(format_);
      count(9, 4, slowness);
      time_.pass(0.05 * slowness);
    }
    return completions;
  }
  std::vector<ScoreResult> score_text(std::span<const std::string> texts) override {
    std::vector<ScoreResult> results;
    for (const std::string& text : texts) results.push_back({-2.0 - draw(text, "text"), {-1, -1}, false});
    return results;
  }

 private:
  /// The last turn of a chat, or the whole of a bare text.
  [[nodiscard]] static const std::string& question_of(const Prompt& prompt) {
    return prompt.messages.empty() ? prompt.answer_prefix : prompt.messages.back().content;
  }
  [[nodiscard]] double draw(std::string_view question, std::string_view what) const {
    if (!refused_.empty() && question.find(refused_) != std::string_view::npos)
      throw ItemError("n_ctx", concat("'", question, "' is too long"));
    const bool changed = Rng(seed_of(7, question, format_)).uniform() < noise_;
    return Rng(seed_of(11, question, what, changed ? std::string_view(format_) : "full")).uniform();
  }
  void count(std::uint64_t prompt_tokens, std::uint64_t generated_tokens, double slowness) {
    counters_ += {prompt_tokens, generated_tokens, static_cast<double>(prompt_tokens) / 1000,
                  static_cast<double>(generated_tokens) / 100 * slowness};
  }

  std::string format_;
  double noise_;
  ScriptedTime& time_;
  std::string refused_;  ///< part of the questions that it refuses
  EngineCounters counters_;
  std::set<std::string> known_;  ///< a prompt seen before is answered faster
};

struct ScriptedProvider final : ModelProvider {
  std::map<std::string, double> noise{{"full", 0}, {"rtn-w8", 0.02}, {"rtn-w2-g64", 0.9}};
  std::string fails;                           ///< the format whose build fails
  std::map<std::string, std::string> refuses;  ///< for a format, part of the questions that it refuses
  std::string hash = std::string(64, 'a');
  std::string isa_name = "avx2";
  std::size_t context = 4096;
  std::string refused_chat;  ///< part of the chats that its template refuses
  std::string chat_mark;     ///< what its chat template puts in front of each chat
  std::map<std::string, std::size_t> builds;
  ScriptedTime time;

  [[nodiscard]] std::string name() const override { return "scripted.gguf"; }
  [[nodiscard]] std::string own_name() const override { return "scripted"; }
  [[nodiscard]] std::string sha256() const override { return hash; }
  [[nodiscard]] bool source_quantized() const override { return true; }
  [[nodiscard]] std::string source_types() const override { return "Q4_1+Q8_0"; }
  [[nodiscard]] std::size_t n_ctx() const override { return context; }
  [[nodiscard]] std::string text_of(const Prompt& prompt) const override {
    std::string text = chat_mark;
    for (const ChatMessage& message : prompt.messages) text += message.content + "\n";
    if (!refused_chat.empty() && text.find(refused_chat) != std::string::npos)
      throw ItemError("template", "it has no system role");
    return text + prompt.answer_prefix;
  }
  /// A byte is a token.
  [[nodiscard]] std::size_t n_tokens(const Prompt& prompt) const override { return text_of(prompt).size(); }
  [[nodiscard]] std::string isa() const override { return isa_name; }
  [[nodiscard]] nlohmann::json scheme(const FormatSpec& format) const override { return {{"name", format.name()}}; }
  [[nodiscard]] std::shared_ptr<MeasuredModel> build(const FormatSpec& spec) override {
    const std::string format = spec.name();
    if (format == fails) throw InputError("group_size", "groups of 128 do not divide rows of 576");
    ++builds[format];
    const auto refused = refuses.find(format);
    return std::make_shared<ScriptedModel>(format, noise.at(format), time,
                                           refused == refuses.end() ? "" : refused->second);
  }
};

inline constexpr std::string_view tiny_task = R"(schema = "quantlens-task/1"
name = "tiny"
description = "A task for tests."
license = "same as the repository"
[data]
location = "task"
format = "jsonl"
test = "test.jsonl"
[fields]
id = "id"
label = "label"
references = ["explanation"]
content = { text = "text" }
[labels]
names = ["sports", "business"]
counterfactual_target = { sports = "business", business = "sports" }
[counterfactual]
edit_field = "text"
[prompts.classify]
user = "{text}"
answer_prefix = "Topic:"
answer = "Topic: {label}"
[prompts.explain]
user = "Why is {text} about {label}?"
answer_prefix = "Explanation:"
answer = "Explanation: {label}"
max_new_tokens = 8
)";

/// Makes `folder`/tiny, a task that supports the protocols nle, self_consistency_words and perturb_test.
inline void write_tiny_task(const std::filesystem::path& folder, std::size_t n_items) {
  std::string items;
  for (std::size_t i = 0; i < n_items; ++i)
    items += nlohmann::json{{"id", concat("item-", i)},
                            {"text", concat("text number ", i)},
                            {"label", i % 3 == 0 ? "sports" : "business"},
                            {"explanation", "Teams and goals decide it."}}
                 .dump() +
             "\n";
  write_text(folder / "tiny/task.toml", tiny_task);
  write_text(folder / "tiny/test.jsonl", items);
}

/// Makes `folder`/facts, nine facts in two relations.
inline void write_facts_task(const std::filesystem::path& folder) {
  std::string items;
  for (std::size_t i = 0; i < 9; ++i)
    items += nlohmann::json{{"id", concat("fact-", i)},
                            {"relation", i < 6 ? "big" : "small"},
                            {"subject", concat("subject ", i)},
                            {"object", i % 2 == 0 ? "Teams" : "Banks"},
                            {"prompt", concat("The thing of subject ", i, " is")}}
                 .dump() +
             "\n";
  write_text(folder / "facts/test.jsonl", items);
  write_text(folder / "facts/task.toml", R"(schema = "quantlens-task/1"
name = "facts"
description = "Facts for tests."
license = "same as the repository"
[data]
location = "task"
format = "jsonl"
test = "test.jsonl"
[fields]
id = "id"
content = { prompt = "prompt" }
[recall]
relation = "relation"
subject = "subject"
object = "object"
[prompts.recall]
plain = true
user = "{prompt}"
answer = " {object}."
demonstrations = 2
max_new_tokens = 8
)");
}

}  // namespace quantlens::test
