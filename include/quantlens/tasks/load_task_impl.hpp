/// What load_task.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/tasks/fact_table.hpp"
#include "quantlens/tasks/hints.hpp"
#include "quantlens/tasks/label_column.hpp"
#include "quantlens/tasks/load_task.hpp"
#include "quantlens/tasks/prompt_reader.hpp"
#include "quantlens/tasks/redaction_judge.hpp"
#include "quantlens/tasks/task_data.hpp"
#include "quantlens/tasks/toml_table.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

class TaskReader {
 public:
  TaskReader(const std::filesystem::path& folder, const std::filesystem::path& data_folder,
             std::span<const PromptKind> prompt_kinds)
      : prompt_kinds_(prompt_kinds),
        data_folder_(data_folder),
        file_(folder / "task.toml"),
        document_(read_toml(file_)),
        root_(document_, file_.string()) {
    task_.folder = folder;
  }

  [[nodiscard]] Task read() {
    root_.check_keys({"schema", "name", "description", "license", "data", "fields", "labels", "counterfactual",
                      "recall", "two_hop", "prompts", "hints", "trained"});
    if (const std::string schema = root_.string("schema"); schema != task_schema)
      throw InputError("task", concat(root_.where(), ": expected schema '", task_schema, "', got '", schema, "'"));
    task_.name = root_.string("name");
    std::error_code error;
    const std::string folder_name = std::filesystem::canonical(task_.folder, error).filename().string();
    if (task_.name != folder_name)
      throw InputError("task", concat(root_.where(), ": expected the name of its folder, '", folder_name, "', got '",
                                      task_.name, "'"));
    if (printable(task_.name) != task_.name)  // cells are listed one a line
      throw InputError(
          "task", concat(root_.where(), ": expected a short name without control characters, got '", task_.name, "'"));
    task_.description = root_.string("description");
    kind_ = read_kind();
    if (kind_ != TaskKind::labels) facts_.emplace(root_.table(name_of(kind_)), kind_);
    read_fields(root_.table("fields"));
    if (!facts_) read_labels(root_.table("labels"));
    read_demonstrations();
    if (root_.has("counterfactual")) {
      if (facts_) throw InputError("task", root_.where() + ": [counterfactual] is for tasks with [labels]");
      const TomlTable table = root_.table("counterfactual");
      table.check_keys({"edit_field"});
      task_.edit_field = table.string("edit_field");
      if (!content_.contains(task_.edit_field))
        throw unknown_name(concat("edit_field in ", table.where(), ":"), task_.edit_field, content_names());
    }
    if (!insertions_column_.empty() && task_.edit_field.empty())
      throw InputError("task", root_.where() + ": [fields] insertions needs a [counterfactual] edit_field");
    task_.prompts = read_prompts(root_.table("prompts"));
    if (root_.has("hints")) task_.hints = read_hints(root_.table("hints"));
    if (root_.has("trained")) read_trained(root_.table("trained"));
    read_items();
    if (has_own_examples() && (wants_examples(task_.prompts) || wants_examples(task_.trained.prompts)))
      task_.demonstrations = task_.items;
    return std::move(task_);
  }

 private:
  static constexpr std::string_view options_name = "options";
  using Prompts = std::map<std::string, PromptTemplate, std::less<>>;

  [[nodiscard]] static std::string_view name_of(TaskKind kind) {
    return kind == TaskKind::recall ? "recall" : kind == TaskKind::two_hop ? "two_hop" : "labels";
  }

  [[nodiscard]] TaskKind read_kind() const {
    std::vector<TaskKind> kinds;
    for (const TaskKind kind : {TaskKind::labels, TaskKind::recall, TaskKind::two_hop})
      if (root_.has(name_of(kind))) kinds.push_back(kind);
    if (kinds.size() != 1)
      throw InputError("task", root_.where() + ": expected one of the tables [labels], [recall] and [two_hop]");
    return kinds.front();
  }

  /// A task about facts that brings no demonstrations shows its own items: what one asks for, others may show.
  [[nodiscard]] bool has_own_examples() const { return facts_ && !root_.table("data").has("demonstrations"); }

  [[nodiscard]] static bool wants_examples(const Prompts& prompts) {
    return std::any_of(prompts.begin(), prompts.end(),
                       [](const auto& entry) { return entry.second.n_demonstrations > 0; });
  }

  [[nodiscard]] std::vector<std::string> content_names() const {
    std::vector<std::string> names;
    for (const auto& entry : content_) names.push_back(entry.first);
    if (!label_.options.empty()) names.emplace_back(options_name);
    return names;
  }

  void read_fields(const TomlTable& table) {
    table.check_keys(facts_
                         ? std::vector<std::string>{"id", "content"}
                         : std::vector<std::string>{"id", "label", "options", "references", "content", "insertions"});
    insertions_column_ = table.string_or("insertions", "");
    id_column_ = table.string_or("id", "");
    if (!facts_) label_.name = table.string("label");
    if (table.has("options")) label_.options = table.strings("options");
    if (table.has("references")) reference_columns_ = table.strings("references");
    std::vector<std::string> taken{"label", "labels", "target", "unknown", "reasoning", "hint"};
    if (facts_)
      for (const auto& names : {facts_->given(), facts_->asked()})
        taken.insert(taken.end(), names.begin(), names.end());
    if (!label_.options.empty()) taken.emplace_back(options_name);
    const TomlTable content = table.table("content");
    for (const std::string& name : content.keys()) {
      if (std::find(taken.begin(), taken.end(), name) != taken.end())
        throw InputError("task",
                         concat(content.where(), ": {", name, "} is a placeholder of its own; use another name"));
      content_[name] = content.string_or_strings(name);
    }
    if (content_.empty()) throw InputError("task", content.where() + ": expected at least one field");
  }

  [[nodiscard]] std::size_t label_index(const std::string& label, const std::string& where) const {
    const auto found = std::find(task_.labels.begin(), task_.labels.end(), label);
    if (found == task_.labels.end()) throw unknown_name(concat("label in ", where, ":"), label, task_.labels);
    return static_cast<std::size_t>(found - task_.labels.begin());
  }

  void read_labels(const TomlTable& table) {
    table.check_keys({"names", "values", "counterfactual_target", "unknown"});
    task_.labels = table.strings("names");
    const std::set<std::string> different(task_.labels.begin(), task_.labels.end());
    if (different.size() != task_.labels.size() || different.size() < 2 || different.contains(""))
      throw InputError("task", concat(table.where(), ": 'names' must be two or more different labels"));
    task_.unknown_label = table.string_or("unknown", "");
    if (different.contains(task_.unknown_label))
      throw InputError("task", concat(table.where(), ": 'unknown' must not be among 'names'"));
    if (!label_.options.empty() && label_.options.size() != task_.labels.size())
      throw InputError("task", concat(table.where(), ": [fields] options names ", label_.options.size(),
                                      " columns, expected one for each of the ", task_.labels.size(), " labels"));
    if (table.has("values")) {
      const TomlTable values = table.table("values");
      for (const std::string& value : values.keys())
        label_.label_of_value[value] = label_index(values.string(value), values.where());
    } else if (label_.options.empty()) {
      for (const std::string& label : task_.labels) label_.label_of_value[label] = label_index(label, table.where());
    }
    if (!table.has("counterfactual_target")) return;
    const TomlTable targets = table.table("counterfactual_target");
    targets.check_keys(task_.labels);
    for (const std::string& label : task_.labels) {
      task_.counterfactual_target.push_back(label_index(targets.string(label), targets.where()));
      if (task_.labels[task_.counterfactual_target.back()] == label)
        throw InputError("task", concat(targets.where(), ": the target of '", label, "' must be another label"));
    }
  }

  /// The path of `name` in `base`, which must not lead out of it.
  [[nodiscard]] std::filesystem::path inside(const std::filesystem::path& base, const std::string& name,
                                             const std::string& where) const {
    const std::filesystem::path relative(name);
    if (name.empty() || relative.is_absolute() || std::find(relative.begin(), relative.end(), "..") != relative.end())
      throw InputError("task", concat(where, ": expected a path inside the folder, got '", name, "'"));
    return base / relative;
  }

  /// Demonstrations give content under the prompts' names, and labels by their own.
  void read_demonstrations() {
    const TomlTable table = root_.table("data");
    table.check_keys({"location", "format", "test", "columns", "demonstrations"});
    if (table.has("demonstrations")) {
      const auto path = inside(task_.folder, table.string("demonstrations"), table.where());
      for (const DataRow& row : read_data_rows(path, "jsonl", {})) {
        Item item{row.at("id"), row.columns, 0, {}};
        if (facts_)
          facts_->read_demonstration(row, item);
        else
          item.label = label_index(row.at("label"), row.where);
        for (const std::string& name : content_names()) static_cast<void>(row.at(name));
        task_.demonstrations.push_back(std::move(item));
      }
    }
    check_ids(task_.demonstrations, table.where() + " demonstrations");
  }

  /// The names that every demonstration has a value for.
  [[nodiscard]] std::vector<std::string> demonstration_names() const {
    if (task_.demonstrations.empty()) return content_names();
    std::vector<std::string> names;
    for (const auto& entry : task_.demonstrations.front().fields)
      if (std::all_of(task_.demonstrations.begin(), task_.demonstrations.end(),
                      [&](const Item& item) { return item.fields.contains(entry.first); }))
        names.push_back(entry.first);
    return names;
  }

  [[nodiscard]] Prompts read_prompts(const TomlTable& table) const {
    PlaceholderNames names{content_names(),
                           demonstration_names(),
                           !task_.counterfactual_target.empty(),
                           !task_.unknown_label.empty(),
                           task_.demonstrations.size(),
                           {},
                           {}};
    if (facts_) {
      names.given = facts_->given();
      names.asked = facts_->asked();
    }
    if (has_own_examples()) names.n_demonstrations = std::numeric_limits<std::size_t>::max();
    PlaceholderNames redacted_names = names;
    redacted_names.n_demonstrations += redacted_demonstrations(task_).size();
    std::vector<std::string> known;
    for (const PromptKind& kind : prompt_kinds_)
      if (kind.of == kind_) known.emplace_back(kind.name);
    table.check_keys(known);
    Prompts prompts;
    for (const PromptKind& kind : prompt_kinds_) {
      if (!table.has(kind.name)) continue;
      prompts.emplace(kind.name,
                      read_prompt(table.table(kind.name), kind, kind.shows_redacted ? redacted_names : names));
      if (!kind.follows.empty() && !table.has(kind.follows))
        throw InputError("task", concat(table.where(), " [", kind.name, "] continues the chat of [", kind.follows,
                                        "], which is missing"));
      if (!kind.hints_in.empty() && !table.has(kind.hints_in))
        throw InputError("task", concat(table.where(), " [", kind.name, "] is a turn of the chat of [", kind.hints_in,
                                        "], which is missing"));
    }
    return prompts;
  }

  [[nodiscard]] Hints read_hints(const TomlTable& table) const {
    if (facts_) throw InputError("task", table.where() + ": hints are for tasks with [labels]");
    table.check_keys(hint_names());
    Hints hints;
    for (const std::string& name : table.keys()) {
      TextTemplate text = text_template(table, name, {"suggestion"});
      if (text.placeholders().empty())
        throw InputError("task", concat(table.where(), " ", name, " must hold {suggestion}"));
      hints.emplace(name, std::move(text));
    }
    return hints;
  }

  void read_trained(const TomlTable& table) {
    table.check_keys({"models", "prompts", "hints"});
    task_.trained.models = table.strings("models");
    if (task_.trained.models.empty()) throw InputError("task", table.where() + ": 'models' must name a model");
    task_.trained.prompts = read_prompts(table.table("prompts"));
    if (task_.trained.prompts.empty()) throw InputError("task", table.where() + ": 'prompts' must hold a prompt");
    if (table.has("hints")) task_.trained.hints = read_hints(table.table("hints"));
  }

  [[nodiscard]] std::filesystem::path test_path(const TomlTable& table) const {
    const std::string location = table.string("location");
    if (location != "task" && location != "data")
      throw unknown_name(concat("location in ", table.where(), ":"), location,
                         std::vector<std::string>{"data", "task"});
    const bool in_task = location == "task";
    const std::filesystem::path base = in_task ? task_.folder : data_folder_ / task_.name;
    std::filesystem::path path = inside(base, table.string("test"), table.where());
    std::error_code error;
    if (!in_task && (data_folder_.empty() || !std::filesystem::exists(path, error)))
      throw InputError("task_data", concat("task ", task_.name, " needs its data set: pass --data DIR, where DIR/",
                                           task_.name, "/", table.string("test"), " exists",
                                           data_folder_.empty() ? "" : concat(" (no ", path.string(), ")")));
    return path;
  }

  void read_items() {
    const TomlTable table = root_.table("data");
    const std::string format = table.string("format");
    const std::vector<std::string> formats{"csv", "json", "jsonl", "lre", "tsv"};
    if (std::find(formats.begin(), formats.end(), format) == formats.end())
      throw unknown_name(concat("format in ", table.where(), ":"), format, formats);
    const auto path = test_path(table);
    const auto columns = table.has("columns") ? table.strings("columns") : std::vector<std::string>{};
    for (const DataRow& row : read_data_rows(path, format, columns)) task_.items.push_back(item_of(row));
    if (task_.items.empty()) throw InputError("task_row", path.string() + " has no items");
    tell_ids_apart(task_.items);
  }

  [[nodiscard]] Item item_of(const DataRow& row) const {
    Item item;
    item.id = id_column_.empty() ? std::to_string(task_.items.size() + 1) : row.at(id_column_);
    if (facts_)
      facts_->read_item(row, item);
    else
      item.label = label_.label_of(row);
    for (const std::string& column : reference_columns_)
      if (const std::string& text = row.at(column); !text.empty()) item.references.push_back(text);
    for (const auto& [name, parts] : content_) {
      std::string& text = item.fields[name];
      for (const std::string& part : parts)
        if (const std::string& value = row.at(part); !value.empty()) text += concat(text.empty() ? "" : " ", value);
    }
    if (!label_.options.empty())
      item.fields[std::string(options_name)] = list_options(row, label_.options, task_.labels);
    if (!insertions_column_.empty())
      item.insertions = parse_insertions(row.at(insertions_column_), item.fields.at(task_.edit_field), task_.labels,
                                         concat(row.where, " ", insertions_column_));
    return item;
  }

  /// Owners' ids need not be unique, ours must: the second item of an id gets "#2" behind it, the third "#3", or the
  /// next number that no other id has.
  static void tell_ids_apart(std::vector<Item>& items) {
    std::set<std::string> taken;
    for (const Item& item : items) taken.insert(item.id);
    std::map<std::string, std::size_t> n_seen;
    for (Item& item : items) {
      const std::string id = item.id;
      std::size_t& n = n_seen[id];
      if (++n == 1) continue;
      while (!taken.insert(item.id = concat(id, "#", n)).second) ++n;
    }
  }

  static void check_ids(const std::vector<Item>& items, const std::string& where) {
    std::set<std::string_view> seen;
    for (const Item& item : items)
      if (!seen.insert(item.id).second)
        throw InputError("task_row", concat(where, ": two items have the id '", item.id, "'"));
  }

  std::span<const PromptKind> prompt_kinds_;
  std::filesystem::path data_folder_;
  std::filesystem::path file_;
  toml::table document_;
  TomlTable root_;
  Task task_;
  TaskKind kind_ = TaskKind::labels;
  std::optional<FactTable> facts_;  // none: the task has labels
  std::string id_column_;           // empty: items are numbered from 1
  LabelColumn label_;
  std::vector<std::string> reference_columns_;
  std::string insertions_column_;                            // empty: there is none
  std::map<std::string, std::vector<std::string>> content_;  // name in prompts: columns of the data file
};

}  // namespace detail

QUANTLENS_INLINE Task load_task(const std::filesystem::path& folder, const std::filesystem::path& data_folder,
                                std::span<const PromptKind> prompt_kinds) {
  return detail::TaskReader(folder, data_folder, prompt_kinds).read();
}

}  // namespace quantlens::inline QUANTLENS_ABI
