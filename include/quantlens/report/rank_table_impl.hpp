/// What rank_table.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/report/rank_table.hpp"
#include "quantlens/report/text_table.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

/// {"rtn-w8-g32 0.967,", "rtn-w4-g32 0.960", "and 3 more"}: whoever contends, by their values.
inline std::vector<std::string> contenders_text(const Json& ranking) {
  std::vector<std::string> names;
  std::vector<Number> values;
  for (const Json& name : ranking["contenders"]) {
    if (names.size() == most_contenders) break;
    const auto format = std::find_if(ranking["formats"].begin(), ranking["formats"].end(),
                                     [&](const Json& entry) { return entry["format"] == name; });
    names.push_back(name);
    values.push_back(number(*format, "value"));
  }
  const int digits = std::min(digits_for(values), ranking["n"].is_null() ? 2 : 3);
  std::vector<std::string> words;
  for (std::size_t i = 0; i < names.size(); ++i)
    words.push_back(
        concat(names[i], " ", values[i] ? decimal(*values[i], digits) : "-", i + 1 < names.size() ? "," : ""));
  const std::size_t n_more = ranking["contenders"].size() - names.size();
  if (n_more > 0) words.push_back(concat("and ", n_more, " more"));
  return words;
}

/// What all formats have where they are equal.
inline std::string value_text(const Json& ranking) {
  const Number value = number(ranking["formats"][0], "value");
  return value ? decimal(*value, 3) : "-";
}

/// "(accuracy, n = 400)", "(weight MiB)" or "(decode tok/s, 3 tasks)": what the values are, and of how much.
inline std::string basis_text(const Json& ranking) {
  static const std::map<std::string, std::string> headers{{"weight_mib", "weight MiB"},
                                                          {"decode_tokens_per_s", "decode tok/s"}};
  const std::string metric = ranking["metric"];
  const auto header = headers.find(metric);
  std::string text = header == headers.end() ? metric : header->second;
  const std::size_t n_tasks = ranking["tasks"].size();
  if (!ranking["n"].is_null())
    text += concat(", n = ", ranking["n"].dump());
  else if (n_tasks > 0)
    text += concat(", ", n_tasks, n_tasks == 1 ? " task" : " tasks");
  return "(" + text + ")";
}

/// "rtn-w3 (accuracy, speed), awq-w4 (speed)": what is missing where.
inline std::string left_out_text(const Json& rankings) {
  std::map<std::string, std::string> aspects_of;
  for (const Json& ranking : rankings)
    for (const Json& format : ranking["left_out"]) {
      std::string& aspects = aspects_of[format];
      aspects += (aspects.empty() ? "" : ", ") + ranking["aspect"].get<std::string>();
    }
  std::string text;
  for (const auto& [format, aspects] : aspects_of) text += concat(text.empty() ? "" : ", ", format, " (", aspects, ")");
  return text;
}

inline std::string rank_footnotes(const Json& rankings, std::size_t width) {
  const auto any = [&](const auto& holds) { return std::any_of(rankings.begin(), rankings.end(), holds); };
  std::string out;
  if (any([](const Json& ranking) { return !ranking["n"].is_null(); }))
    out += wrapped(
        "Best over n items: the best mean, where a paired test on the same items finds every other one worse, p < 0.05 "
        "after Holm's correction over them. Otherwise those that it does not find worse are named.",
        width);
  if (any([](const Json& ranking) { return ranking["aspect"] == "speed"; }))
    out += wrapped(
        "Fastest, one item at a time: ahead of every other one by more than 2 % in every round of every task, of at "
        "least six. Times that are not to be trusted do not count.",
        width);
  const std::string left_out = left_out_text(rankings);
  if (!left_out.empty()) out += wrapped("Not ranked, for want of results that count: " + left_out + ".", width);
  return out;
}

QUANTLENS_INLINE std::string rank_table(const Json& results, std::size_t width) {
  const auto found = results.find("rankings");
  if (found == results.end() || found->empty()) return "";
  const Json& rankings = *found;
  std::size_t label_width = 0;
  for (const Json& ranking : rankings)
    label_width = std::max(label_width, display_width(ranking["aspect"].get<std::string>()));

  const std::size_t n_formats = rankings[0]["formats"].size() + rankings[0]["left_out"].size();
  std::string out = concat("Which of ", n_formats, " quantized formats is best\n\n");
  for (const Json& ranking : rankings) {
    std::string label = "for " + ranking["aspect"].get<std::string>();
    label.resize(label_width + 6, ' ');
    std::vector<std::string> words = contenders_text(ranking);
    if (!ranking.value("note", Json()).is_null())
      words = {"no difference:", "all", "have", value_text(ranking)};
    else if (ranking["decided"] != true)
      words.insert(words.begin(), "cannot decide:");
    words.push_back(basis_text(ranking));
    out += wrapped_words(words, width, label.size(), label);
  }
  return out + "\n" + rank_footnotes(rankings, width) + "\n";
}

}  // namespace report_detail

}  // namespace quantlens::inline QUANTLENS_ABI
