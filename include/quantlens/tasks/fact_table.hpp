/// The tables [recall] and [two_hop] of a task.toml: which columns of the data hold a fact, and what answers it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/tasks/answer_list.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/tasks/data_row.hpp"
#include "quantlens/tasks/prompt_kind.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/tasks/toml_table.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What stands in place of labels in a task about facts.
class FactTable {
 public:
  /// `kind`: recall or two_hop. Errors: InputError naming the table and the key.
  FactTable(const TomlTable& table, TaskKind kind) : kind_(kind) {
    const bool recall = kind == TaskKind::recall;
    table.check_keys(recall ? std::vector<std::string>{"relation", "subject", "object", "answers", "separator"}
                            : std::vector<std::string>{"bridge_answers", "answers", "separator", "group"});
    if (recall) {
      group_ = table.string("relation");
      subject_ = table.string("subject");
      object_ = table.string("object");
      answers_ = table.string_or("answers", "");
    } else {
      group_ = table.string_or("group", "");
      bridge_answers_ = table.string("bridge_answers");
      answers_ = table.string("answers");
    }
    separator_ = table.string_or("separator", "");
  }

  /// The placeholders that tell of the fact without giving the answer away.
  [[nodiscard]] std::vector<std::string> given() const {
    return kind_ == TaskKind::recall ? std::vector<std::string>{"relation", "subject"} : std::vector<std::string>{};
  }
  /// The placeholders that stand for what is asked.
  [[nodiscard]] std::vector<std::string> asked() const {
    return kind_ == TaskKind::recall ? std::vector<std::string>{"object"}
                                     : std::vector<std::string>{"bridge", "answer"};
  }

  /// Adds to an item what the table says of its row.
  /// Errors: InputError naming the row where a column is missing or holds no answer.
  void read_item(const DataRow& row, Item& item) const {
    if (!group_.empty()) item.group = row.at(group_);
    if (kind_ == TaskKind::recall) {
      item.fields["relation"] = item.group;
      item.fields["subject"] = strip_blanks(row.at(subject_));
      std::vector<std::string>& accepted = item.answers["object"];
      accepted.emplace_back(strip_blanks(row.at(object_)));
      if (accepted.front().empty()) throw no_answer(row, object_);
      if (!answers_.empty())
        for (std::string& alias : answers_in(row, answers_))
          if (alias != accepted.front()) accepted.push_back(std::move(alias));
      item.fields["object"] = accepted.front();
    } else {
      for (const auto& [name, column] : {std::pair("bridge", &bridge_answers_), std::pair("answer", &answers_)}) {
        item.answers[name] = answers_in(row, *column);
        if (item.answers[name].empty()) throw no_answer(row, *column);
        item.fields[name] = item.answers[name].front();
      }
    }
  }

  /// Demonstrations name their columns as prompts do. Errors: InputError naming the row where one is missing.
  void read_demonstration(const DataRow& row, Item& item) const {
    for (const auto& names : {given(), asked()})
      for (const std::string& name : names) static_cast<void>(row.at(name));
    if (kind_ == TaskKind::recall) item.group = row.at("relation");
  }

 private:
  [[nodiscard]] std::vector<std::string> answers_in(const DataRow& row, const std::string& column) const {
    try {
      return read_answers(row.at(column), separator_);
    } catch (const InputError& error) {
      if (error.id() != "answers") throw;
      throw InputError("task_row", concat(row.where, " column '", column, "': ", error.message()));
    }
  }

  [[nodiscard]] static InputError no_answer(const DataRow& row, const std::string& column) {
    return {"task_row", concat(row.where, ": no answer in column '", column, "'")};
  }

  TaskKind kind_;
  std::string subject_, object_, bridge_answers_;
  std::string answers_;    // recall: aliases of the object; empty: no such column
  std::string separator_;  // between the answers of one column; empty: a list as Python or JSON writes it
  std::string group_;      // empty: no such column
};

}  // namespace quantlens::inline QUANTLENS_ABI
