/// Options that an item's text lists behind the labels' letters: "Which is a bird? A) oak B) owl".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Where the texts of a text's options begin, in the labels' order up to the first label that is not there. An option
/// ends one blank before the next label, the last one with the text. Units: bytes.
[[nodiscard]] inline std::vector<std::size_t> option_begins(const Task& task, std::string_view text) {
  std::vector<std::size_t> begins;
  for (const std::string& label : task.labels) {
    const std::string mark = label + ") ";
    const std::size_t at = text.find(mark, begins.empty() ? 0 : begins.back());
    if (at == std::string_view::npos || (at > 0 && text[at - 1] != ' ')) break;
    begins.push_back(at + mark.size());
  }
  return begins;
}

/// Whether the item lists the option of that label.
[[nodiscard]] inline bool lists_option(const Task& task, const Item& item, std::size_t label) {
  for (const auto& field : item.fields)
    if (option_begins(task, field.second).size() > label) return true;
  return false;
}

/// The demonstration with the texts of its right option and of its first one exchanged, so that the first is right.
/// It is returned as it is where it lists no options.
[[nodiscard]] inline Item with_first_option_right(const Task& task, Item demonstration) {
  bool exchanged = false;
  for (auto& field : demonstration.fields) {
    std::string& text = field.second;
    const std::vector<std::size_t> begins = option_begins(task, text);
    if (begins.size() <= demonstration.label) continue;
    exchanged = true;
    if (demonstration.label == 0) continue;
    const auto option = [&](std::size_t label) {
      const std::size_t mark = task.labels[label + 1 < begins.size() ? label + 1 : 0].size() + 3;
      const std::size_t end = label + 1 < begins.size() ? begins[label + 1] - mark : text.size();
      return std::pair(begins[label], end - begins[label]);
    };
    const auto [first_at, first_size] = option(0);
    const auto [right_at, right_size] = option(demonstration.label);
    const std::string first = text.substr(first_at, first_size), right = text.substr(right_at, right_size);
    text.replace(right_at, right_size, first);  // the later one, so that the first stays where it is
    text.replace(first_at, first_size, right);
  }
  if (!exchanged) return demonstration;
  demonstration.label = 0;
  demonstration.fields["label"] = task.labels.front();
  return demonstration;
}

}  // namespace quantlens::inline QUANTLENS_ABI
