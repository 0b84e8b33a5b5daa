/// Splits what a game of players is worth among them: what is asked, what is answered, what comes out.
#pragma once

#include <cstddef>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Which players take part. Shape [n_players].
using Coalition = std::vector<bool>;

/// What a coalition is worth, one finite number for each output. Shape [n_outputs].
using Worth = std::vector<double>;

/// What each player contributes to each output. They add up to the worth of all players less that of none.
struct Attribution {
  std::vector<Worth> values;           ///< shape [n_players][n_outputs]
  std::vector<Worth> standard_errors;  ///< of sampled values, the same shape; else empty
  std::size_t n_evaluations = 0;       ///< coalitions that were evaluated
};

/// Asks for the worth of coalitions, round by round, so that many games can be played side by side in one batch of a
/// model's: `while (!(asked = explainer.ask()).empty()) explainer.tell(evaluate(asked));`.
class Explainer {
 public:
  virtual ~Explainer() = default;

  /// The coalitions of the next round; empty where no more are needed.
  [[nodiscard]] virtual std::vector<Coalition> ask() = 0;

  /// What they are worth, in their order.
  virtual void tell(const std::vector<Worth>& worths) = 0;

  /// Once ask() was empty.
  [[nodiscard]] virtual Attribution attribution() const = 0;

 protected:
  /// Errors: InputError "shape" for another number of answers than was asked for.
  static void require_answers(const std::vector<Worth>& worths, std::size_t n_asked) {
    if (worths.size() == n_asked) return;
    throw InputError("shape",
                     concat("expected what ", n_asked, " coalitions are worth, got ", worths.size(), " of them"));
  }
};

/// Plays a game to its end; `worth_of(coalition)` is what a coalition is worth.
template <class WorthOf>
[[nodiscard]] Attribution explain(Explainer& explainer, const WorthOf& worth_of) {
  for (std::vector<Coalition> asked = explainer.ask(); !asked.empty(); asked = explainer.ask()) {
    std::vector<Worth> worths;
    for (const Coalition& coalition : asked) worths.push_back(worth_of(coalition));
    explainer.tell(worths);
  }
  return explainer.attribution();
}

namespace explain_detail {

/// sum += weight * (after - before), output by output. An empty sum is one of zeros.
inline void add_difference(Worth& sum, const Worth& after, const Worth& before, double weight) {
  if (sum.empty()) sum.resize(after.size());
  for (std::size_t t = 0; t < after.size(); ++t) sum[t] += weight * (after[t] - before[t]);
}

}  // namespace explain_detail

}  // namespace quantlens::inline QUANTLENS_ABI
