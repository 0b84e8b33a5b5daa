/// Classification by the log-probability of each label.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/protocol_options.hpp"
#include "quantlens/metrics/classification.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/tasks/dialogue.hpp"
#include "quantlens/tasks/item_record.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The places of all items: where each is asked about.
[[nodiscard]] inline std::vector<std::size_t> all_indices(std::span<const Item> items) {
  std::vector<std::size_t> indices(items.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return indices;
}

class Conversation;
template <class Request>
struct ItemRequest;

/// How a label's score is made of its tokens' log-probabilities.
enum class LabelScore {
  sum,   ///< their sum: the probability of the whole label string
  mean,  ///< their mean: long labels are not at a disadvantage
  pmi    ///< their sum less the same label's after a content-free item: labels that are likely anyway are not favoured
};

/// The option of every protocol that predicts labels: a LabelScore by name.
[[nodiscard]] inline OptionInfo label_score_info() {
  return {"label_score",
          "sum",
          "how the score of a label is made of its tokens' log-probabilities",
          {"sum", "mean", "pmi"}};
}
/// Precondition: the protocol has that option.
[[nodiscard]] LabelScore label_score_of(const ProtocolOptions& options);

/// The chosen label.
struct LabelChoice {
  std::size_t label = no_label;      ///< no_label where a score is not a number
  bool tie = false;                  ///< other labels scored the same; the first was taken
  std::optional<double> confidence;  ///< its share of all labels' probability, their softmax; none where that is none
};

/// The label of the largest score, the first among equals.
[[nodiscard]] LabelChoice choose_label(std::span<const double> scores);

/// Labels of items and their probabilities, the softmax of their scores. Where the best score is not finite there is
/// neither.
struct LabelPredictions {
  explicit LabelPredictions(const std::vector<std::vector<double>>& scores);

  std::vector<LabelChoice> choices;
  std::vector<std::vector<double>> distributions;
};

/// Writes a prediction, whether it is right, and how sure the model is of it into an item's record.
void record_prediction(const Task& task, const LabelChoice& choice, ItemRecord& record);

/// Predicts labels with the task's `classify` prompt and its demonstrations, or in chats that others lead.
class LabelScorer {
 public:
  /// What content fields hold in the content-free item of LabelScore::pmi. Source: Zhao et al. 2021, "Calibrate before
  /// use", section 5.
  static constexpr std::string_view content_free = "N/A";

  /// `turns`: the prompts of the chat whose last answer is the label, or holds it beside an explanation.
  LabelScorer(const Task& task, LabelScore kind, std::uint64_t seed,
              std::span<const std::string_view> turns = classify_turn);

  [[nodiscard]] const Dialogue& dialogue() const noexcept { return dialogue_; }

  /// The item with content_free for its content.
  [[nodiscard]] static Item without_content(Item item);

  /// Each item's most likely label, in a chat of its own. `indices` says which record of the conversation an item has.
  [[nodiscard]] std::vector<LabelChoice> predict(std::string_view step, std::span<const Item> items,
                                                 std::span<const std::size_t> indices,
                                                 Conversation& conversation) const;

  /// The labels' scores for each item, otherwise as predict.
  [[nodiscard]] std::vector<std::vector<double>> scores(std::string_view step, std::span<const Item> items,
                                                        std::span<const std::size_t> indices,
                                                        Conversation& conversation) const;

  /// The labels' scores as what follows each prompt. `content_free_prompt`: the chat about the content-free item.
  [[nodiscard]] std::vector<std::vector<double>> scores(std::string_view step,
                                                        std::span<const ItemRequest<Prompt>> prompts,
                                                        const Prompt& content_free_prompt,
                                                        Conversation& conversation) const;

 private:
  static constexpr std::array<std::string_view, 1> classify_turn{"classify"};

  [[nodiscard]] Prompt prompt_of(const Item& item) const;

  [[nodiscard]] std::vector<double> scores_of(const std::vector<ScoreResult>& results) const;

  const Task* task_;
  LabelScore kind_;
  Dialogue dialogue_;
  std::vector<std::string> continuations_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/asking/label_scoring_impl.hpp"
#endif
