/// What cc_shap.hpp declares, defined.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/explain/partition_explainer.hpp"
#include "quantlens/explain/shapley.hpp"
#include "quantlens/metrics/attribution_agreement.hpp"
#include "quantlens/protocols/cc_shap.hpp"
#include "quantlens/tasks/dialogue.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace cc_shap_detail {

inline constexpr std::size_t max_explained_tokens = 100;

/// The log-odds of a log-probability. A certain token has none, so that they end at 30.
[[nodiscard]] inline double log_odds(double logprob) {
  return logprob < 0 ? std::clamp(logprob - std::log(-std::expm1(logprob)), -30.0, 30.0) : 30.0;
}

/// One side of one item: what the model wrote, and what hiding parts of the item does to its log-odds.
class Side {
 public:
  /// `written` follows the prompt that `values` fill; the first `max_tokens` of its tokens are explained.
  Side(const Task& task, const Dialogue& dialogue, const TextPlayers& players, std::size_t label, TextModel& model,
       std::string_view written, std::size_t max_tokens, std::unique_ptr<Explainer> explainer)
      : task_(&task), dialogue_(&dialogue), players_(&players), label_(label), explainer_(std::move(explainer)) {
    Prompt prompt = prompt_of(Coalition(players.size(), true));
    const std::vector<TokenId> context = model.encode(prompt);
    prompt.answer_prefix += written;
    const std::vector<TokenId> whole = model.encode(prompt);
    // A token that spans the join is scored whole.
    const auto begin = std::mismatch(context.begin(), context.end(), whole.begin(), whole.end());
    n_rewritten_ = static_cast<std::size_t>(context.end() - begin.first);
    tokens_.assign(begin.second, whole.end());
    tokens_.resize(std::min(tokens_.size(), max_tokens));
  }

  [[nodiscard]] bool has_tokens() const noexcept { return !tokens_.empty(); }

  /// Asks for the worth of the next round's coalitions, in requests for record `item`.
  void ask(TextModel& model, std::size_t item, std::vector<ItemRequest<TokenRequest>>& requests) {
    const std::vector<Coalition> coalitions = explainer_->ask();
    n_asked_ = coalitions.size();
    for (const Coalition& coalition : coalitions) {
      std::vector<TokenId> context = model.encode(prompt_of(coalition));
      context.resize(context.size() - std::min(n_rewritten_, context.size()));
      requests.push_back({item, {std::move(context), {tokens_}}});
    }
  }

  /// Takes its answers from those of a batch, from `next` on; returns where the next side's begin.
  std::size_t tell(const std::vector<std::vector<ScoreResult>>& results, std::size_t next) {
    std::vector<Worth> worths;
    for (; worths.size() < n_asked_; ++next) {
      Worth worth = results[next].front().token_logprobs;
      for (double& value : worth) value = log_odds(value);
      worths.push_back(std::move(worth));
    }
    if (n_asked_ > 0) explainer_->tell(worths);
    return next;
  }

  [[nodiscard]] Attribution attribution() const { return explainer_->attribution(); }

 private:
  [[nodiscard]] Prompt prompt_of(const Coalition& coalition) const {
    return dialogue_->prompt(prompt_values(*task_, players_->item_of(coalition), label_));
  }

  const Task* task_;
  const Dialogue* dialogue_;
  const TextPlayers* players_;
  std::size_t label_;
  std::unique_ptr<Explainer> explainer_;
  std::vector<TokenId> tokens_;  ///< that the model wrote
  std::size_t n_rewritten_ = 0;  ///< tokens at the end of a prompt that the answer's first one takes in
  std::size_t n_asked_ = 0;
};

/// An item whose answer and explanation are there to be compared.
struct Game {
  std::size_t item;
  std::unique_ptr<const TextPlayers> players;
  Side answer, explanation;
};

/// The games of all items, round by round, each round in one batch.
inline void play(std::vector<Game>& games, TextModel& model, Conversation& conversation) {
  while (true) {
    std::vector<ItemRequest<TokenRequest>> requests;
    for (Game& game : games)
      for (Side* side : {&game.answer, &game.explanation}) side->ask(model, game.item, requests);
    if (requests.empty()) return;
    const auto results = conversation.score_tokens("attribution", requests);
    std::size_t next = 0;
    for (Game& game : games)
      for (Side* side : {&game.answer, &game.explanation}) next = side->tell(results, next);
  }
}

/// The contribution shares of all players; none where nobody contributes to anything.
[[nodiscard]] inline std::optional<std::vector<double>> shares_of(const Attribution& attribution) {
  if (attribution.values.empty() || attribution.values.front().empty()) return std::nullopt;
  std::vector<double> values;
  for (const Worth& worth : attribution.values) values.insert(values.end(), worth.begin(), worth.end());
  std::vector<std::size_t> players(attribution.values.size());
  std::iota(players.begin(), players.end(), std::size_t{0});
  return contribution_shares(values, attribution.values.front().size(), players);
}

/// What a side is in transcripts.
[[nodiscard]] inline nlohmann::json entry_of(const Attribution& attribution,
                                             const std::optional<std::vector<double>>& shares) {
  nlohmann::json entry{{"n_evaluations", attribution.n_evaluations}};
  if (shares) entry["shares"] = *shares;
  // Of log-odds, averaged over tokens.
  for (const Worth& errors : attribution.standard_errors) {
    double sum = 0;
    for (const double error : errors) sum += error;
    entry["standard_errors"].push_back(sum / static_cast<double>(errors.size()));
  }
  return entry;
}

inline void record_game(const Game& game, ItemRecord& record) {
  const Attribution answer = game.answer.attribution(), explanation = game.explanation.attribution();
  const auto of_answer = shares_of(answer), of_explanation = shares_of(explanation);
  record.transcript.push_back({{"step", "attribution"},
                               {"players", game.players->texts()},
                               {"of_answer", entry_of(answer, of_answer)},
                               {"of_explanation", entry_of(explanation, of_explanation)}});
  if (!of_answer || !of_explanation) return;
  const AttributionAgreement agreement = attribution_agreement(*of_answer, *of_explanation);
  record.set_score(metric::cc_shap, agreement.cosine);
  record.set_score(metric::cc_shap_correlation, agreement.correlation);
  record.set_score(metric::cc_shap_spearman, agreement.magnitude_rank);
}

}  // namespace cc_shap_detail

QUANTLENS_INLINE CcShap::CcShap()
    : Protocol(
          {label_score_info(),
           {"estimator",
            "partition",
            "how contributions are found: Owen values along a tree of tokens, Shapley values of up to 12 groups of "
            "neighbours, or Shapley values from random orders of tokens",
            {"partition", "exact", "permutation"}},
           {"evaluations", "500", "coalitions of tokens that each side of an item may ask the model about"}}) {}

QUANTLENS_INLINE std::vector<Metric> CcShap::metrics() const {
  return {metric::accuracy, metric::cc_shap, metric::cc_shap_correlation, metric::cc_shap_spearman};
}

QUANTLENS_INLINE ModelNeeds CcShap::needs() const { return {.of_model = {Capability::scores, Capability::tokens}}; }

QUANTLENS_INLINE bool CcShap::supports(const Task& task) const {
  return task.prompts.contains("classify") && task.prompts.contains(explaining_prompt());
}

QUANTLENS_INLINE std::vector<ItemRecord> CcShap::run(const Task& task, std::span<const Item> items,
                                                     const Models& models, std::uint64_t seed) const {
  if (!supports(task)) throw InputError("task", concat("task ", task.name, " lacks what ", name(), " asks for"));
  Conversation conversation(task, items, models);
  const LabelScorer classifier(task, label_score_of(options()), seed);
  const Dialogue answering(task, std::vector<std::string_view>{"classify"}, seed);
  const Dialogue explaining(task, std::vector<std::string_view>{explaining_prompt()}, seed);
  const std::vector<std::size_t> indices = all_indices(items);
  const std::vector<LabelChoice> choices = classifier.predict("classify", items, indices, conversation);

  const std::size_t max_new_tokens = std::min(explaining.turn(0).max_new_tokens, cc_shap_detail::max_explained_tokens);
  std::vector<ItemRequest<CompletionRequest>> requests;
  for (const std::size_t i : indices) {
    record_prediction(task, choices[i], conversation.record(i));
    for (const MetricInfo& info : {metric::cc_shap, metric::cc_shap_correlation, metric::cc_shap_spearman})
      conversation.record(i).set_score(info, std::nullopt);
    if (choices[i].label < task.labels.size())
      requests.push_back({i, {explaining.prompt(prompt_values(task, items[i], choices[i].label)), max_new_tokens}});
  }
  const std::vector<Completion> explanations = conversation.complete(explaining_prompt(), requests);

  std::vector<cc_shap_detail::Game> games;
  for (std::size_t k = 0; k < requests.size(); ++k) {
    if (explanations[k].text.empty()) continue;
    const std::size_t i = requests[k].item, label = choices[i].label;
    auto players = std::make_unique<const TextPlayers>(task, items[i], models.model);
    const auto side = [&](const Dialogue& dialogue, std::string_view written, std::size_t max_tokens) {
      const std::uint64_t own_seed = seed_of(seed, task.name, items[i].id, max_tokens);
      return cc_shap_detail::Side(task, dialogue, *players, label, models.model, written, max_tokens,
                                  make_explainer(*players, own_seed));
    };
    const PromptTemplate& turn = answering.turn(0);
    const std::string labelled = turn.answer.fill({{"label", task.labels[label]}}).substr(turn.answer_prefix.size());
    cc_shap_detail::Side answer = side(answering, labelled, 1);
    cc_shap_detail::Side explanation = side(explaining, explanations[k].text, cc_shap_detail::max_explained_tokens);
    if (players->size() == 0 || !answer.has_tokens() || !explanation.has_tokens()) continue;
    games.push_back({i, std::move(players), std::move(answer), std::move(explanation)});
  }
  cc_shap_detail::play(games, models.model, conversation);
  for (const cc_shap_detail::Game& game : games) cc_shap_detail::record_game(game, conversation.record(game.item));
  return conversation.take_records();
}

QUANTLENS_INLINE std::unique_ptr<Explainer> CcShap::make_explainer(const TextPlayers& players,
                                                                   std::uint64_t seed) const {
  const std::size_t evaluations = options().count("evaluations");
  const std::string& estimator = options().text("estimator");
  if (estimator == "permutation") return std::make_unique<PermutationShapley>(players.size(), evaluations, seed);
  TokenTree tree = players.tree();
  if (estimator == "partition")
    return std::make_unique<PartitionExplainer>(std::move(tree), PartitionOptions{.max_evaluations = evaluations});
  // As many groups as can be had for the evaluations: n of them take 2^n.
  const std::size_t affordable = std::max<std::size_t>(static_cast<std::size_t>(std::bit_width(evaluations)), 2) - 1;
  std::vector<PlayerGroup> groups;
  for (const std::size_t node : cut_tree(tree, std::min(affordable, ExactShapley::max_groups)))
    groups.push_back({tree.nodes[node].begin, tree.nodes[node].end});
  return std::make_unique<ExactShapley>(std::move(groups));
}

}  // namespace quantlens::inline QUANTLENS_ABI
