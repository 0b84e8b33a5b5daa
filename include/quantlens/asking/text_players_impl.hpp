/// What text_players.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/text_players.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace text_players_detail {

/// Ends of the words of a text.
[[nodiscard]] inline std::vector<std::size_t> word_ends(std::string_view text) {
  std::vector<std::size_t> ends;
  for (const std::string_view word : split_words(text))
    ends.push_back(static_cast<std::size_t>(word.data() - text.data()) + word.size());
  return ends;
}

/// Where the text of the first tokens, of as many as make whole characters, ends in `text`; empty where the tokens
/// spell another text.
[[nodiscard]] inline std::vector<std::size_t> token_ends(TextModel& model, std::string_view text) {
  const std::vector<TokenId> tokens = model.encode({{}, std::string(text)});
  std::vector<std::size_t> ends;
  for (std::size_t n = 1; n <= tokens.size(); ++n)
    if (const std::string spelled = model.decode(std::span(tokens).first(n)); text.starts_with(spelled))
      ends.push_back(spelled.size());
  if (ends.empty() || ends.back() != text.size()) ends.clear();
  return ends;
}

}  // namespace text_players_detail

QUANTLENS_INLINE std::vector<TextSpan> token_spans(TextModel& model, std::string_view text) {
  std::vector<std::size_t> ends = text_players_detail::token_ends(model, text);
  if (ends.empty()) ends = text_players_detail::word_ends(text);
  std::vector<TextSpan> spans;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    if (end <= begin || strip_blanks(text.substr(begin, end - begin)).empty()) continue;
    spans.push_back({begin, end});
    begin = end;
  }
  return spans;
}

QUANTLENS_INLINE std::string text_of_coalition(std::string_view text, const std::vector<TextSpan>& players,
                                               const Coalition& coalition) {
  std::string masked = masked_text(text, players, coalition, " ...");
  if (!coalition.empty() && !coalition.front()) masked.erase(0, 1);
  return masked;
}

QUANTLENS_INLINE TextPlayers::TextPlayers(const Task& task, const Item& item, TextModel& model) : item_(item) {
  for (const std::string& name : task.prompt("classify").user.placeholders()) {
    const auto text = item.fields.find(name);
    if (text == item.fields.end() || std::ranges::find(fields_, name, &Field::name) != fields_.end()) continue;
    fields_.push_back({name, token_spans(model, text->second)});
    // No word goes on in another field.
    if (!pieces_.empty()) pieces_.back() += ' ';
    for (const auto& [begin, end] : fields_.back().players) pieces_.push_back(text->second.substr(begin, end - begin));
  }
}

QUANTLENS_INLINE std::vector<std::string> TextPlayers::texts() const {
  std::vector<std::string> texts;
  for (const std::string& piece : pieces_) texts.emplace_back(strip_blanks(piece));
  return texts;
}

QUANTLENS_INLINE TokenTree TextPlayers::tree() const {
  return token_tree(tree_tokens(std::vector<std::string_view>(pieces_.begin(), pieces_.end())));
}

QUANTLENS_INLINE Item TextPlayers::item_of(const Coalition& coalition) const {
  Item item = item_;
  auto next = coalition.begin();
  for (const auto& [name, players] : fields_) {
    const auto end = next + static_cast<std::ptrdiff_t>(players.size());
    std::string& text = item.fields.find(name)->second;
    text = text_of_coalition(text, players, Coalition(next, end));
    next = end;
  }
  return item;
}

}  // namespace quantlens::inline QUANTLENS_ABI
