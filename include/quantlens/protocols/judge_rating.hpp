/// Explanations that another model reads: it rates them on a Likert scale, lists their errors, or foresees by them what
/// the model answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/label_prompts.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/asking/labelled_chat.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What all of them share: the model explains as in `nle`, and a judge reads each explanation by itself, so that the
/// order of formats plays no part. What has no letter is not judged: its scores are null, and degenerate_rate counts
/// it. The judge's prompts are the protocols' own, the same for every task. Prompts: classify, explain.
class JudgedExplanation : public Protocol {
 public:
  [[nodiscard]] std::vector<PromptKind> prompts() const final {
    return {label_prompt::classify, label_prompt::explain};
  }

  [[nodiscard]] std::vector<Metric> metrics() const final;

  [[nodiscard]] ModelNeeds needs() const final { return {{Capability::scores}, true}; }

  [[nodiscard]] bool supports(const Task& task) const final;

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const final;

 protected:
  /// An explanation and what it explains.
  struct Judged {
    std::size_t item = 0;   ///< its number
    std::size_t label = 0;  ///< that the model chose
    std::string fields;     ///< of the item, a line each
    std::string explanation;
  };

  /// `judge_tokens`: how long an answer of the judge may be.
  explicit JudgedExplanation(std::string_view judge_tokens);

  [[nodiscard]] std::size_t judge_tokens() const { return options().count("judge_tokens"); }

 private:
  /// What the judge decides on; null for the items that it is not asked about.
  [[nodiscard]] virtual std::vector<Metric> judged_metrics() const = 0;

  virtual void judge(const Task& task, std::span<const Judged> explanations, TextModel& judge,
                     Conversation& conversation) const = 0;
};

/// The protocol `judged`: how coherent and how trustworthy an explanation is, from 1 to 5, each asked for by itself.
/// A judge that scores gives the expected rating over the scale's probabilities, and judge_mass is how much they are
/// together (the mean of both questions). So does an endpoint that tells its likeliest first tokens. Any other judge
/// writes a number; judge_unparsed is the share of items of which it did not.
/// Source: the two dimensions and the judge of "Can LLMs Still Explain Themselves?" (arXiv 2601.00282), appendix E; the
/// expectation of Liu et al. 2023, "G-Eval".
class JudgeRating final : public JudgedExplanation {
 public:
  JudgeRating() : JudgedExplanation("64") {}

  [[nodiscard]] std::string_view name() const override { return "judged"; }

 private:
  /// A rating, and the probability of all ratings together where the judge tells of any.
  struct Rating {
    std::optional<double> value, mass;
  };

  [[nodiscard]] std::vector<Metric> judged_metrics() const override;

  void judge(const Task& task, std::span<const Judged> explanations, TextModel& judge,
             Conversation& conversation) const override;

  [[nodiscard]] std::vector<Rating> rate(std::string_view step, std::string_view question, const Task& task,
                                         std::span<const Judged> explanations, TextModel& judge,
                                         Conversation& conversation) const;

  [[nodiscard]] static Rating rating_of(const std::vector<ScoreResult>& scale);
  [[nodiscard]] static Rating rating_of(const Completion& reply);
};

/// The protocol `tiger_score`: the judge lists an explanation's errors with what each of them costs.
/// tiger_score: minus the total that its header states; (-inf, 0]. tiger_score_itemized: minus the sum over the errors,
/// which should be the same. tiger_errors: how many the header states. judge_unparsed: no such header.
/// Source: Jiang et al. 2023, "TIGERScore". The prompt is not its own, and any model may be the judge; greedy.
class TigerScoreJudge final : public JudgedExplanation {
 public:
  TigerScoreJudge() : JudgedExplanation("1024") {}

  [[nodiscard]] std::string_view name() const override { return "tiger_score"; }

 private:
  [[nodiscard]] std::vector<Metric> judged_metrics() const override;

  void judge(const Task& task, std::span<const Judged> explanations, TextModel& judge,
             Conversation& conversation) const override;
};

/// The protocol `simulated`: does the explanation help somebody else to foresee the model's label? The judge guesses it
/// from the item and the explanation (simulated_with), from the item (simulated_without), and from the explanation
/// alone, which then leaks it (explanation_leaks). simulatability_gain is the first less the second, and las its mean
/// over leaking and other explanations alike. A guess that names none of the labels, or several, is wrong;
/// judge_unparsed counts items with such a guess. Source: Hase et al. 2020, "Leakage-Adjusted Simulatability".
class Simulated final : public JudgedExplanation {
 public:
  Simulated() : JudgedExplanation("64") {}

  [[nodiscard]] std::string_view name() const override { return "simulated"; }

 private:
  [[nodiscard]] std::vector<Metric> judged_metrics() const override;

  void judge(const Task& task, std::span<const Judged> explanations, TextModel& judge,
             Conversation& conversation) const override;

  /// The labels that the judge guesses; no_label where it names none or several.
  [[nodiscard]] std::vector<std::size_t> guess(std::string_view step, const Task& task,
                                               std::span<const Judged> explanations, bool shows_item,
                                               bool shows_explanation, TextModel& judge,
                                               Conversation& conversation) const;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/judge_rating_impl.hpp"
#endif
