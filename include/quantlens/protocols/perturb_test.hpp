/// The perturb test: a word put into the text that changes the prediction should be in the new prediction's
/// explanation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/label_prompts.hpp"
#include "quantlens/asking/written_edits.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The protocol `perturb_test`. Words are put one at a time into the task's edit field: an item's own insertions, else
/// eight adjectives and adverbs drawn by (seed, task, item), so that all formats share them. The model labels the text
/// and each edited text, and explains its label for each of these, flipped or not, in chats of their own. Impact is the
/// total variation distance of the two label distributions (softmax of the label scores), a mention the inserted word
/// as a substring of the explanation. Edits that get no label (a score that is not a number) are left out, and so are
/// all edits of an item that gets none; without edits every metric but the accuracy is null.
/// Prompts: classify, explain. Source: Atanasova et al. 2023, "Faithfulness Tests for Natural Language Explanations";
/// for the correlations Siegel et al., arXiv 2404.03189 and 2503.13445. There words go before nouns and verbs that a
/// tagger finds; decoding is greedy.
class PerturbTest final : public Protocol {
 public:
  PerturbTest() : Protocol({label_score_info()}) {}

  /// Edits of an item that brings none.
  static constexpr std::size_t n_drawn = 8;

  [[nodiscard]] std::string_view name() const override { return "perturb_test"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {label_prompt::classify, label_prompt::explain};
  }

  [[nodiscard]] std::vector<Metric> metrics() const override;

  [[nodiscard]] bool supports(const Task& task) const override;

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const override;

 private:
  /// Edited items, and the word that each of them got.
  struct Insertions : EditedItems {
    std::vector<Insertion> words;
  };

  [[nodiscard]] static Insertions insert_words(const Task& task, std::span<const Item> items,
                                               const LabelPredictions& predictions, std::uint64_t seed);

  /// Adds each explained edit to its item's record, and a step "edits" with all that was judged to its transcript.
  static void record_outcomes(const Task& task, const LabelPredictions& before, const Insertions& edits,
                              const LabelPredictions& after, std::span<const std::optional<std::string>> answers,
                              Conversation& conversation);

  static void score(ItemRecord& record);
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/perturb_test_impl.hpp"
#endif
