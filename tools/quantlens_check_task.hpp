/// `quantlens check-task`: whether task folders are what quantlens_bench takes.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/tasks/load_task.hpp"

namespace quantlens::tool {

/// Loads each folder, and says as one JSON object a line what it holds, or what is wrong with it.
struct CheckTaskCommand {
  std::vector<std::filesystem::path> folders;
  std::filesystem::path data;

  void add_to(CLI::App& app) {
    app.add_option("folder", folders, "Task folders, each with a task.toml")->required();
    app.add_option("--data", data, "Holds the data sets that tasks do not bring, as DIR/<task>/...");
  }

  /// Errors: InputError "task" where a folder is not in order.
  void run(std::ostream& out) const {
    std::size_t n_bad = 0;
    for (const std::filesystem::path& folder : folders) {
      const nlohmann::ordered_json line = check(folder);
      if (line.contains("error")) ++n_bad;
      out << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
    }
    if (n_bad > 0)
      throw InputError("task", concat(n_bad, " of ", folders.size(), " task folders cannot be used; see `error`"));
  }

 private:
  [[nodiscard]] nlohmann::ordered_json check(const std::filesystem::path& folder) const {
    nlohmann::ordered_json line{{"folder", folder.string()}};
    try {
      describe(load_task(folder, data, known_prompts()), line);
    } catch (const InputError& error) {
      // All of task.toml is read before the data are looked for.
      const bool lacks_data = error.id() == "task_data" && data.empty();
      line[lacks_data ? "no_data" : "error"] = error.what();
    }
    return line;
  }

  static nlohmann::ordered_json items_of_labels(const Task& task) {
    nlohmann::ordered_json counts = nlohmann::ordered_json::object();
    for (std::size_t label = 0; label < task.labels.size(); ++label)
      counts[task.labels[label]] =
          std::count_if(task.items.begin(), task.items.end(), [&](const Item& item) { return item.label == label; });
    return counts;
  }

  static void describe(const Task& task, nlohmann::ordered_json& line) {
    std::vector<std::string> prompts, protocols;
    for (const auto& prompt : task.prompts) prompts.push_back(prompt.first);
    for (const auto& protocol : make_protocols())
      if (protocol->supports(task)) protocols.emplace_back(protocol->name());
    line.update({{"task", task.name},
                 {"n_items", task.items.size()},
                 {"n_demonstrations", task.demonstrations.size()},
                 {"labels", task.labels},
                 {"n_items_of_label", items_of_labels(task)},
                 {"prompts", prompts},
                 {"protocols", protocols}});
  }
};

}  // namespace quantlens::tool
