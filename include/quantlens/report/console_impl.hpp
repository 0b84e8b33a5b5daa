/// What console.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/report/console.hpp"
#include "quantlens/report/metric_column.hpp"
#include "quantlens/report/rank_table.hpp"
#include "quantlens/report/study_table.hpp"
#include "quantlens/report/text_table.hpp"
#include "quantlens/report/trust_note.hpp"
#include "quantlens/stats/summary.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

inline TextColumn number_column(const std::string& header, const std::vector<Number>& values) {
  TextColumn column{header, {}, true};
  const int digits = std::min(digits_for(values), 2);
  for (const Number& value : values) column.cells.push_back(value ? decimal(*value, digits) : "-");
  return column;
}

/// "accuracy 0.05..0.08": the range of one field over the rows, for each metric that has it.
template <class Keep>
std::string ranges(const std::vector<const Json*>& rows, const std::vector<std::string>& metrics, const char* field,
                   int most_digits, const Keep& keep) {
  std::string text;
  for (const std::string& name : metrics) {
    std::vector<Number> values;
    for (const Json* row : rows)
      if (const Number value = number((*row)["metrics"][name], field); value && keep(*row, *value))
        values.push_back(value);
    if (values.empty()) continue;
    const int digits = std::min(digits_for(values), most_digits);
    const auto [lo, hi] = std::minmax_element(values.begin(), values.end());
    const std::string low = decimal(**lo, digits);
    const std::string high = decimal(**hi, digits);
    text += (text.empty() ? "" : ", ") + name + " " + (low == high ? low : low + ".." + high);
  }
  return text;
}

/// "accuracy, rouge_l": the metrics that carry a note in some row.
inline std::string noted(const std::vector<const Json*>& rows, const std::vector<std::string>& metrics,
                         std::string_view note) {
  std::string text;
  for (const std::string& name : metrics)
    if (std::any_of(rows.begin(), rows.end(),
                    [&](const Json* row) { return (*row)["metrics"][name].value("note", Json()) == note; }))
      text += (text.empty() ? "" : ", ") + name;
  return text;
}

QUANTLENS_INLINE std::vector<std::pair<std::string, std::vector<const Json*>>> rows_by_task(const Json& results) {
  std::vector<std::pair<std::string, std::vector<const Json*>>> tasks;
  for (const Json& row : results["rows"]) {
    const std::string task = row["task"];
    const auto found = std::find_if(tasks.begin(), tasks.end(), [&](const auto& entry) { return entry.first == task; });
    (found == tasks.end() ? tasks.emplace_back(task, std::vector<const Json*>{}) : *found).second.push_back(&row);
  }
  return tasks;
}

/// "19", or "18..20" where rows differ; failed rows do not count where others are.
inline std::string n_text(const std::vector<const Json*>& rows) {
  std::vector<std::size_t> counts;
  for (const Json* row : rows)
    if ((*row)["status"] != "failed") counts.push_back((*row)["n"].get<std::size_t>());
  if (counts.empty()) return "0";
  const auto [lo, hi] = std::minmax_element(counts.begin(), counts.end());
  return *lo == *hi ? std::to_string(*lo) : concat(*lo, "..", *hi);
}

QUANTLENS_INLINE std::string failed_items_text(const std::vector<const Json*>& rows) {
  constexpr std::size_t most_named = 3;
  std::vector<std::size_t> counts;
  std::vector<std::string> ids;
  std::string error;
  std::size_t n_items = 0;
  for (const Json* row : rows) {
    counts.push_back(row->value("n_failed", std::size_t{0}));
    n_items = std::max(n_items, counts.back() + (*row)["n"].get<std::size_t>());
    for (const Json& item : row->value("failed_items", Json::array())) {
      if (error.empty()) error = item["error"];
      if (const std::string id = item["id"]; std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    }
  }
  if (error.empty()) return "";
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  std::string names;
  for (std::size_t i = 0; i < std::min(ids.size(), most_named); ++i) names += (i == 0 ? "" : ", ") + printable(ids[i]);
  return concat(*least == *most ? "" : "at most ", *most, " of ", n_items, " items left out: ", names,
                ids.size() > most_named ? ", ..." : "", ": ", error);
}

QUANTLENS_INLINE std::vector<std::string> no_deltas_texts(const std::vector<const Json*>& rows) {
  std::vector<std::pair<std::string, std::string>> formats_of;
  for (const Json* row : rows) {
    if (row->value("no_deltas", Json()).is_null()) continue;
    const std::string why = (*row)["no_deltas"], format = (*row)["format"];
    const auto found =
        std::find_if(formats_of.begin(), formats_of.end(), [&](const auto& e) { return e.first == why; });
    if (found == formats_of.end())
      formats_of.emplace_back(why, format);
    else
      found->second += ", " + format;
  }
  std::vector<std::string> lines;
  for (const auto& [why, formats] : formats_of) lines.push_back(concat("no deltas for ", formats, ": ", why));
  return lines;
}

/// " (the first 100; ...)" where a limit holds that nobody asked for.
inline std::string limit_text(const Json& manifest) {
  const Json limit = manifest.value("limit", Json()), arguments = manifest.value("argv", Json::array());
  const bool is_asked = std::any_of(arguments.begin(), arguments.end(), [](const Json& argument) {
    return argument.get<std::string>().starts_with("--limit");
  });
  return limit.is_null() || is_asked ? "" : concat(" (at most ", limit.dump(), " of each task; --limit all takes all)");
}

inline std::string footnotes(const Json& results, const std::vector<const Json*>& rows,
                             const std::vector<std::string>& metrics, const std::vector<std::string>& beside,
                             std::size_t width) {
  const Json& manifest = results["manifest"];
  std::string out = wrapped(
      concat("n = ", n_text(rows), " items", limit_text(manifest), ". Deltas: to ", manifest.value("baseline", "full"),
             " on the same items; * where p < 0.05 after Holm's correction over the formats."),
      width);
  if (const std::string left_out = failed_items_text(rows); !left_out.empty()) out += wrapped(left_out, width);
  for (const std::string& line : no_deltas_texts(rows)) out += wrapped(line, width);
  const std::string mde = ranges(rows, metrics, "mde", 3, [](const Json&, double) { return true; });
  if (!mde.empty()) out += wrapped("Smallest delta that this n can detect (80 % power): " + mde + ".", width);
  const std::string beyond = noted(rows, metrics, beyond_range_note);
  if (!beyond.empty())
    out +=
        wrapped("No delta would be detected with 80 % power, however large, over so few items: " + beyond + ".", width);
  const std::string fewer = ranges(rows, metrics, "n", 0, [](const Json& row, double n) { return n < row["n"]; });
  if (!fewer.empty()) out += wrapped("Undefined for some items, so over fewer: " + fewer + ".", width);
  const std::string others = ranges(rows, beside, "value", 3, [](const Json&, double) { return true; });
  if (!others.empty()) out += wrapped("Beside, in results.json by format: " + others + ".", width);
  if (const std::string note = trust_note(rows); !note.empty()) out += wrapped(note, width);
  for (const Json* row : rows)
    if ((*row)["status"] == "failed")
      out += wrapped(concat("failed: ", (*row)["format"].get<std::string>(), ": ", (*row)["error"].get<std::string>()),
                     width);
  return out;
}

inline std::string task_tables(const Json& results, const std::vector<const Json*>& rows, std::size_t width) {
  std::vector<std::string> names, beside;
  for (const auto& entry : (*rows.front())["metrics"].items())
    if (std::any_of(rows.begin(), rows.end(), [&](const Json* row) { return (*row)["metrics"][entry.key()]["n"] > 0; }))
      (entry.value().value("beside", false) ? beside : names).push_back(entry.key());

  std::vector<TextColumn> columns{{"format", {}, false}};
  for (const Json* row : rows) {
    const auto repetition = row->value("repetition", 0);
    columns[0].cells.push_back((*row)["format"].get<std::string>() +
                               (repetition > 0 ? concat(" #", repetition + 1) : "") +
                               ((*row)["status"] == "failed" ? " (failed)" : ""));
  }
  for (const std::string& name : names) {
    std::vector<const Json*> metrics;
    for (const Json* row : rows) metrics.push_back(&(*row)["metrics"][name]);
    columns.push_back(metric_column(name, metrics));
  }
  struct Field {
    const char* header;
    const char* group;
    const char* key;
  };
  for (const Field& field :
       {Field{"prompt tok/s", "latency", "prompt_tokens_per_s"},
        Field{"gen tok/s", "latency", "generated_tokens_per_s"}, Field{"ttft ms", "latency", "ttft_ms"},
        Field{"p50 ms", "latency", "p50_ms"}, Field{"p95 ms", "latency", "p95_ms"},
        Field{"weight MiB", "memory", "weight_mib"}, Field{"own MiB", "memory", "own_mib"},
        Field{"peak MiB", "memory", "peak_mib"}, Field{"bits/weight", "provenance", "bits_per_weight"}}) {
    std::vector<Number> values;
    for (const Json* row : rows) values.push_back(number((*row)[field.group], field.key));
    columns.push_back(number_column(field.header, values));
  }
  return concat((*rows.front())["task"].get<std::string>(), "\n\n", render_columns(columns, width), "\n",
                footnotes(results, rows, names, beside, width));
}

}  // namespace report_detail

QUANTLENS_INLINE std::string render_console(const nlohmann::ordered_json& results, std::size_t width) {
  using report_detail::Json;
  std::string out = report_detail::study_table(results, width);
  if (out.empty()) {
    for (const auto& [task, rows] : report_detail::rows_by_task(results))
      out += report_detail::task_tables(results, rows, width) + "\n";
    out += report_detail::rank_table(results, width);
  }
  const Json& manifest = results["manifest"];
  if (const Json& model = manifest["model"]; model.value("source_quantized", false))
    out += report_detail::wrapped(
        concat("The file is itself quantized: full is the full of a ", model["source_types"].get<std::string>(),
               " file, its stored weights decoded to f32, not the model as it was trained."),
        width);
  return out;
}

}  // namespace quantlens::inline QUANTLENS_ABI
