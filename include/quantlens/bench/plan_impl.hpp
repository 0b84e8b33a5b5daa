/// What plan.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "quantlens/bench/keys.hpp"
#include "quantlens/bench/plan.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/tasks/load_task.hpp"
#include "quantlens/tasks/selection.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<Cell> Plan::cells() const {
  std::vector<Cell> all;
  for (const NamedFormat& format : formats)
    for (const PlannedTask& task : tasks) all.push_back({task.what, format});
  return all;
}

QUANTLENS_INLINE const PlannedTask& Plan::task_of(const Cell& cell) const {
  const auto found =
      std::find_if(tasks.begin(), tasks.end(), [&](const PlannedTask& task) { return task.what == cell.what; });
  return tasks.at(static_cast<std::size_t>(found - tasks.begin()));
}

namespace bench_detail {

/// The folders in `folder` that hold a task.toml.
inline std::vector<std::filesystem::path> task_folders(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code none;
    if (std::filesystem::exists(entry->path() / "task.toml", none)) found.push_back(entry->path());
  }
  if (found.empty())
    throw InputError("task", concat("no task folder in '", folder.string(), "'", error ? ": " + error.message() : "",
                                    "; name the right one with --tasks-dir"));
  return found;
}

class TaskLoader {
 public:
  TaskLoader(const std::vector<std::filesystem::path>& tasks_dirs, std::filesystem::path data)
      : data_(std::move(data)), prompts_(known_prompts()) {
    for (const std::filesystem::path& dir : tasks_dirs)
      for (const std::filesystem::path& folder : task_folders(dir)) folders_[folder.filename().string()] = folder;
  }

  /// Sorted.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : folders_) all.push_back(entry.first);
    return all;
  }

  /// Errors: InputError for an unknown name, a broken folder, or data that are not there.
  std::shared_ptr<const PromptedTask> load(const std::string& name) {
    const auto folder = folders_.find(name);
    if (folder == folders_.end()) throw unknown_name("task", name, names());
    std::shared_ptr<const PromptedTask>& task = loaded_[name];
    if (!task) task = std::make_shared<const PromptedTask>(load_task(folder->second, data_, prompts_));
    return task;
  }

 private:
  std::map<std::string, std::filesystem::path> folders_;
  std::filesystem::path data_;
  std::vector<PromptKind> prompts_;
  std::map<std::string, std::shared_ptr<const PromptedTask>> loaded_;
};

/// SHA-256 of what all items of a task share: task.toml and the demonstrations.
inline std::string task_sha256(const Task& task) {
  const std::string toml(MappedFile::open(task.folder / "task.toml").text());
  nlohmann::json demonstrations = nlohmann::json::array();
  for (const Item& item : task.demonstrations) demonstrations.push_back(item_json(item));
  return json_sha256({{"toml", toml}, {"demonstrations", demonstrations}});
}

/// The protocols that a task has prompts for.
inline std::vector<std::string> protocols_of(const Task& task) {
  std::vector<std::string> names;
  for (const auto& protocol : make_protocols())
    if (protocol->supports(task)) names.emplace_back(protocol->name());
  return names;
}

/// "esnli" -> all of its protocols but those that are run only by name, "esnli/nle" -> this one; nothing asked: every
/// task whose data are here.
inline std::vector<TaskProtocol> resolve_tasks(const BenchOptions& options, std::string_view model_name,
                                               TaskLoader& loader, std::vector<std::string>& skipped) {
  std::vector<TaskProtocol> resolved;
  const auto known_protocols = [&](const std::string& name) {
    const PromptedTask& task = *loader.load(name);
    return protocols_of(task.under(choose_prompts(task.task(), options.prompts, model_name)));
  };
  const auto add_all = [&](const std::string& name) {
    for (const std::string& protocol : known_protocols(name))
      if (!make_protocol(protocol)->only_by_name()) add_once(resolved, {name, protocol});
  };
  if (options.tasks.empty()) {
    for (const std::string& name : loader.names()) try {
        add_all(name);
      } catch (const InputError& error) {
        if (error.id() != "task_data") throw;
        skipped.emplace_back(error.what());
      }
    return resolved;
  }
  for (const std::string& text : options.tasks) {
    const std::size_t slash = text.find('/');
    const std::string name = text.substr(0, slash);
    if (slash == std::string::npos) {
      add_all(name);
      continue;
    }
    const std::vector<std::string> known = known_protocols(name);
    const std::string protocol = text.substr(slash + 1);
    if (std::find(known.begin(), known.end(), protocol) == known.end())
      throw unknown_name(concat("protocol of ", name), protocol, known);
    add_once(resolved, {name, protocol});
  }
  return resolved;
}

}  // namespace bench_detail

QUANTLENS_INLINE std::string missing_models(const Protocol& protocol, const BenchOptions& options) {
  const ModelNeeds needs = protocol.needs();
  if (needs.judge && options.judge.source.empty()) return "it asks another model to judge; name one with --judge";
  if (needs.encoder && options.encoder.empty()) return "it compares meanings; name a text encoder with --encoder";
  if (needs.scorer && options.bart.empty()) return "it scores texts by BARTScore; name a BART with --bart";
  return {};
}

QUANTLENS_INLINE Plan make_plan(const BenchOptions& options, const std::vector<std::filesystem::path>& tasks_dirs,
                                std::string_view model_name) {
  Plan plan;
  for (const std::string& format : options.formats)
    bench_detail::add_once(plan.formats, NamedFormat(parse_format(format)));

  bench_detail::TaskLoader loader(tasks_dirs, options.data);
  for (const TaskProtocol& what : bench_detail::resolve_tasks(options, model_name, loader, plan.skipped)) {
    PlannedTask planned;
    planned.what = what;
    planned.task = loader.load(what.task);
    planned.protocol = make_protocol(what.protocol, options.protocol_options);
    if (const std::string missing = missing_models(*planned.protocol, options); !missing.empty()) {
      if (std::find(options.tasks.begin(), options.tasks.end(), what.name()) != options.tasks.end())
        throw InputError("capability", concat(what.name(), ": ", missing));
      bench_detail::add_once(plan.skipped, concat(what.protocol, ": ", missing));
      continue;
    }
    planned.prompts = choose_prompts(planned.task->task(), options.prompts, model_name);
    planned.items = select_items(planned.task->task(), options.limit, options.seed);
    planned.task_sha256 = bench_detail::task_sha256(planned.task->task());
    nlohmann::json items = nlohmann::json::array();
    for (const Item& item : planned.items) items.push_back(item_json(item));
    planned.items_sha256 = json_sha256(items);
    plan.tasks.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace quantlens::inline QUANTLENS_ABI
