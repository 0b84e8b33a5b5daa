/// Whether explanations help somebody else to foresee a model's answers: simulatability.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/metrics/words.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Whether a simulator foresees one item's answer, from three kinds of views.
struct Simulation {
  bool by_both = false;  ///< of input and explanation
  bool by_input = false;
  bool by_explanation = false;  ///< alone: the explanation leaks the answer

  friend bool operator==(const Simulation&, const Simulation&) = default;
};

/// The metric simulatability_gain of one item: foreseen with the explanation minus foreseen without.
/// Range: -1, 0 or 1. Better: higher. Undefined-when: never. It rises with explanations that name the answer.
[[nodiscard]] constexpr double simulatability_gain(const Simulation& item) {
  return (item.by_both ? 1.0 : 0.0) - (item.by_input ? 1.0 : 0.0);
}

/// The metric las, leakage-adjusted simulatability: the mean of the mean gain where the explanation leaks the answer
/// and of that where it does not.
/// Range: [-1, 1]. Better: higher. Undefined-when: all explanations leak, or none does.
/// Source: Hase et al. 2020, "Leakage-Adjusted Simulatability".
[[nodiscard]] inline std::optional<double> leakage_adjusted_simulatability(std::span<const Simulation> items) {
  struct Group {
    double gain = 0, n = 0;
  };
  Group leaked, rest;
  for (const Simulation& item : items) {
    Group& group = item.by_explanation ? leaked : rest;
    group.gain += simulatability_gain(item);
    ++group.n;
  }
  if (leaked.n == 0 || rest.n == 0) return std::nullopt;
  return (leaked.gain / leaked.n + rest.gain / rest.n) / 2;
}

/// A simulator's guesses at the answers to inputs that are made from one explanation. Where it says that it cannot
/// guess, or says nothing clear, it has made none.
struct SimulatorGuesses {
  std::size_t made = 0, right = 0;

  friend bool operator==(const SimulatorGuesses&, const SimulatorGuesses&) = default;
};

/// The metric simulation_precision of one explanation: right guesses over guesses. A row's value is the mean over
/// explanations.
/// Range: [0, 1]. Better: higher. Undefined-when: no guess was made.
/// Source: Chen et al. 2023, "Do Models Explain Themselves? Counterfactual Simulatability of Natural Language
/// Explanations".
[[nodiscard]] inline std::optional<double> simulation_precision(const SimulatorGuesses& guesses) {
  if (guesses.made == 0) return std::nullopt;
  return static_cast<double>(guesses.right) / static_cast<double>(guesses.made);
}

/// The metric pooled_simulation_precision of a set: right guesses over guesses, of all explanations.
/// Range: [0, 1]. Better: higher. Undefined-when: no guess was made.
[[nodiscard]] inline std::optional<double> pooled_simulation_precision(std::span<const SimulatorGuesses> explanations) {
  SimulatorGuesses all;
  for (const SimulatorGuesses& guesses : explanations) {
    all.made += guesses.made;
    all.right += guesses.right;
  }
  return simulation_precision(all);
}

/// Which of a few phrases ("likely answer yes", "likely answer no", "cannot guess") a reply holds, as whole words in
/// any ASCII case; none unless exactly one of them is there.
[[nodiscard]] inline std::optional<std::size_t> only_phrase(std::string_view reply,
                                                            std::span<const std::string_view> phrases) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < phrases.size(); ++i) {
    if (!contains_phrase(reply, phrases[i])) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

/// Common words over all words of two texts (Jaccard's index), without stop words; 1 where neither has any.
[[nodiscard]] inline double word_overlap(std::string_view a, std::string_view b,
                                         std::span<const std::string_view> stop_words = {}) {
  const auto words_of = [&](std::string_view text) {
    const auto words = plain_words(text);
    std::set<std::string> kept(words.begin(), words.end());
    for (const std::string_view word : stop_words) kept.erase(std::string(word));
    return kept;
  };
  const std::set<std::string> in_a = words_of(a), in_b = words_of(b);
  std::size_t n_common = 0;
  for (const std::string& word : in_a) n_common += in_b.count(word);
  const std::size_t n_all = in_a.size() + in_b.size() - n_common;
  return n_all == 0 ? 1.0 : static_cast<double>(n_common) / static_cast<double>(n_all);
}

/// The metric simulation_generality of one explanation: 1 - the mean similarity of two of the inputs that are made from
/// it, over ordered pairs. `similarity(a, b)` is in [0, 1].
/// Range: [0, 1]. Better: higher. Undefined-when: there are fewer than two inputs. Source: as above.
template <class Similarity>
[[nodiscard]] std::optional<double> simulation_generality(std::span<const std::string> inputs,
                                                          const Similarity& similarity) {
  if (inputs.size() < 2) return std::nullopt;
  double sum = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (std::size_t j = 0; j < inputs.size(); ++j)
      if (i != j) sum += similarity(inputs[i], inputs[j]);
  return 1 - sum / static_cast<double>(inputs.size() * (inputs.size() - 1));
}

}  // namespace quantlens::inline QUANTLENS_ABI
