/// Fuzzes task folders: the input is a task.toml, its data file and its demonstrations, with a zero byte between them.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "../io/temp_folder.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/tasks/load_task.hpp"
#include "standalone_main.hpp"

using namespace quantlens;

/// Any folder is a task whose items have labels, or is refused by a typed error. The data file is called `test`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const test::TempFolder scratch;
  static const std::filesystem::path folder = scratch.path() / "tiny";
  std::filesystem::create_directory(folder);
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"tiny/task.toml", "tiny/test", "tiny/demonstrations.jsonl"}) {
    const std::size_t end = rest.find('\0');
    scratch.write(name, rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  try {
    const Task task = load_task(folder, {}, known_prompts());
    if (task.items.empty()) __builtin_trap();
    for (const Item& item : task.items)
      if (!task.labels.empty() && item.label >= task.labels.size()) __builtin_trap();
  } catch (const InputError&) {
  }
  return 0;
}
