/// What study_table.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/report/metric_column.hpp"
#include "quantlens/report/study_table.hpp"
#include "quantlens/report/text_table.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

inline TextColumn column_names(const Json& study) {
  return {"column", study["columns"].get<std::vector<std::string>>(), false};
}

/// All of a list, each by `text_of`.
template <class List, class TextOf>
std::string joined(const List& list, const TextOf& text_of) {
  std::string text;
  for (const auto& entry : list) text += (text.empty() ? "" : ", ") + text_of(entry);
  return text;
}

/// A measure over the study's columns; accuracies that chance explains say so.
inline TextColumn measure_column(const Json& measure) {
  std::vector<const Json*> cells;
  for (const Json& cell : measure["cells"]) cells.push_back(&cell);
  TextColumn column = metric_column(measure["name"].get<std::string>(), cells);
  const bool is_marked = std::ranges::any_of(cells, [](const Json* cell) { return (*cell)["above_chance"] == false; });
  if (const Number chance = number(measure, "chance")) column.header += concat(" (chance ", decimal(*chance, 2), ")");
  if (is_marked)
    for (std::size_t i = 0; i < cells.size(); ++i)
      column.cells[i] += (*cells[i])["above_chance"] == false ? " ~" : "  ";
  return column;
}

inline std::string part_table(const Json& study, const Json& part, std::size_t width) {
  const std::string task = part["task"], what = part["what"];
  std::vector<TextColumn> columns{column_names(study)};
  for (const Json& measure : part["measures"]) columns.push_back(measure_column(measure));
  const std::string title =
      concat(what, " of ", task,
             part["stands_for"].is_null() ? "" : concat(", in place of ", part["stands_for"].get<std::string>()));
  return concat(title, "\n", render_columns(columns, width), "\n");
}

/// Every column's mean rank in each group.
inline std::string mean_rank_table(const Json& study, std::size_t width) {
  std::vector<TextColumn> columns{column_names(study)};
  for (const Json& group : study["mean_ranks"]) {
    const Json& ranked = group["columns"];
    TextColumn column{group["group"].get<std::string>(), {}, true};
    for (const Json& name : study["columns"]) {
      const auto found =
          std::find_if(ranked.begin(), ranked.end(), [&](const Json& entry) { return entry["column"] == name; });
      column.cells.push_back(found == ranked.end() ? "-" : decimal((*found)["mean_rank"].get<double>(), 2));
    }
    columns.push_back(std::move(column));
  }
  return render_columns(columns, width);
}

/// "quality: cannot decide: gptq-w8-g128, awq-w4-g128; published: awq-w4-g128 (LFR % of agnews/counterfactual, ...)".
inline std::string verdict(const Json& group, std::size_t width) {
  const std::string names = joined(group["contenders"], [](const Json& name) { return name.get<std::string>(); });
  const std::string basis = joined(group["measures"], [](const Json& measure) {
    return concat(measure["name"].get<std::string>(), " of ", measure["task"].get<std::string>());
  });
  std::string text = group["group"].get<std::string>() + ": ";
  if (!group["note"].is_null())
    text += "no difference";
  else
    text += (group["decided"] == true ? "" : "cannot decide: ") + names;
  if (!group["published_best"].is_null()) text += concat("; published: ", group["published_best"].get<std::string>());
  if (!group["left_out"].empty())
    text +=
        concat("; not ranked: ", joined(group["left_out"], [](const Json& name) { return name.get<std::string>(); }));
  return wrapped(concat(text, " (", basis, ")"), width);
}

inline std::string ranks_block(const Json& study, std::size_t width) {
  if (study["mean_ranks"].empty()) return "";
  std::string out =
      "Mean ranks by change to the baseline, 1 for the best change\n" + mean_rank_table(study, width) + "\n";
  for (const Json& group : study["mean_ranks"]) out += verdict(group, width);
  return out +
         wrapped(
             "Best: the lowest mean rank, where paired tests on the same items find every other column worse in one "
             "measure at least and better in none, p < 0.05 after Holm's correction over all of them. Otherwise "
             "those that are not found worse are named, best rank first.",
             width) +
         "\n";
}

/// The published rows of the run's columns.
inline std::string published_block(const Json& study, std::size_t width) {
  const Json& published = study["published"];
  if (published.is_null() || published["rows"].empty()) return "";
  std::vector<TextColumn> columns{{"published", {}, false}, {"column", {}, false}};
  for (const Json& row : published["rows"]) {
    columns[0].cells.push_back(row["model"]);
    columns[1].cells.push_back(row["column"]);
  }
  for (std::size_t i = 0; i < published["measures"].size(); ++i) {
    const Json& measure = published["measures"][i];
    TextColumn column{concat(measure["measure"].get<std::string>(), " ", measure["task"].get<std::string>()), {}, true};
    for (const Json& row : published["rows"]) column.cells.push_back(decimal(row["values"][i].get<double>(), 2));
    columns.push_back(std::move(column));
  }
  return concat("Published: ", published["source"].get<std::string>(), "\n", render_columns(columns, width), "\n");
}

inline std::string missing_text(const Json& study, std::size_t width) {
  if (study["missing"].empty()) return "";
  const std::string list = joined(study["missing"], [](const Json& entry) {
    return concat(entry["name"].get<std::string>(), " (", entry["why"].get<std::string>(), ")");
  });
  return wrapped(concat("Of the study's measures this run has not: ", list, "."), width);
}

/// What the tables are of: items, deltas, chance, what is not the study's, and what failed or is missing.
inline std::string study_footnotes(const Json& results, std::size_t width) {
  const Json& study = results["study"];
  bool has_chance = false, is_marked = false;
  std::vector<std::string> ours;
  std::size_t least = std::numeric_limits<std::size_t>::max(), most = 0;
  for (const Json& part : study["parts"])
    for (const Json& measure : part["measures"]) {
      has_chance = has_chance || !measure["chance"].is_null();
      if (const std::string name = measure["name"];
          measure["published"] == false && std::ranges::find(ours, name) == ours.end())
        ours.push_back(name);
      for (const Json& cell : measure["cells"]) {
        is_marked = is_marked || cell["above_chance"] == false;
        if (const Number n = number(cell, "n"); n && *n > 0) {
          least = std::min(least, static_cast<std::size_t>(*n));
          most = std::max(most, static_cast<std::size_t>(*n));
        }
      }
    }
  std::string out = wrapped(concat("n = ", least == most ? "" : concat(least, " to "), most,
                                   " items in each cell. Deltas: to ", results["manifest"].value("baseline", "full"),
                                   " on the same items; * where p < 0.05 after Holm's correction over the columns."),
                            width);
  if (has_chance)
    out +=
        wrapped(concat("Chance: what always giving the commonest label is worth.",
                       is_marked ? " ~: not shown to be above it (95 % interval): how a model explains answers that it "
                                   "may have guessed tells little."
                                 : ""),
                width);
  if (!ours.empty()) out += wrapped("Not among the study's measures: " + joined(ours, std::identity()) + ".", width);
  for (const Json& row : results["rows"])
    if (row["status"] == "failed")
      out += wrapped(concat("failed: ", row["task"].get<std::string>(), "/", row["format"].get<std::string>(), ": ",
                            row["error"].get<std::string>()),
                     width);
  return out + missing_text(study, width);
}

QUANTLENS_INLINE std::string study_table(const Json& results, std::size_t width) {
  const Json study = results.value("study", Json());
  if (study.is_null()) return "";
  std::string out =
      concat("Study ", study["name"].get<std::string>(), " (", study["source"].get<std::string>(), ")\n\n");
  for (const Json& part : study["parts"]) out += part_table(study, part, width);
  out += study_footnotes(results, width) + "\n";
  return out + ranks_block(study, width) + published_block(study, width);
}

}  // namespace report_detail

}  // namespace quantlens::inline QUANTLENS_ABI
