/// An item's text as players: the tokens that may be hidden, and the item without some of them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/explain/explainer.hpp"
#include "quantlens/explain/token_tree.hpp"
#include "quantlens/models/masked_text.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The spans of a text's tokens, each with the blanks before it, as the model tokenizes the text alone. Tokens that end
/// inside a character are one with what follows, and blanks at the end belong to nobody. Words instead where the
/// tokens do not spell the text.
[[nodiscard]] std::vector<TextSpan> token_spans(TextModel& model, std::string_view text);

/// The text with "..." for each run of players who are not in the coalition, with a blank before it unless it begins
/// the text. Source: the text masker of the shap package, which also squeezes blanks elsewhere; here what is kept
/// stays as it is. Shapes: as masked_text.
[[nodiscard]] std::string text_of_coalition(std::string_view text, const std::vector<TextSpan>& players,
                                            const Coalition& coalition);

/// The players in those fields of an item that the task's `classify` prompt shows, in the prompt's order. Nothing else
/// of a prompt, and no special token, is a player.
class TextPlayers {
 public:
  TextPlayers(const Task& task, const Item& item, TextModel& model);

  [[nodiscard]] std::size_t size() const noexcept { return pieces_.size(); }

  /// Their texts, without the blanks around them.
  [[nodiscard]] std::vector<std::string> texts() const;

  [[nodiscard]] TokenTree tree() const;

  /// The item as the coalition shows it. Shape: [size()].
  [[nodiscard]] Item item_of(const Coalition& coalition) const;

 private:
  struct Field {
    std::string name;
    std::vector<TextSpan> players;
  };

  Item item_;
  std::vector<Field> fields_;
  std::vector<std::string> pieces_;  ///< the text of each player, with blanks around it
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/asking/text_players_impl.hpp"
#endif
