/// Fuzzes journals: the input is an items.jsonl that a run finds in its folder.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "../io/temp_folder.hpp"
#include "quantlens/bench/journal.hpp"
#include "standalone_main.hpp"

using namespace quantlens;

/// Any bytes are refused by a typed error, or are a journal that can be written on and is then read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const test::TempFolder folder;
  const std::filesystem::path path =
      folder.write("items.jsonl", std::string_view(reinterpret_cast<const char*>(data), size));
  try {
    const nlohmann::json line{{"kind", "item"}, {"key", "new"}, {"record", {{"item_id", "1"}}}};
    bool had = false;
    {
      Journal journal(path);
      had = journal.contains("item", "new");
      journal.append({&line, 1});
      if (!journal.contains("item", "new")) __builtin_trap();
    }
    if (!Journal(path).contains("item", "new") && !had) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
