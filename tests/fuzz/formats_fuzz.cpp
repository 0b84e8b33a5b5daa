/// Fuzzes names of formats, plans, and what else a command line of the bench holds.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/app/bench_command_line.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "standalone_main.hpp"

using namespace quantlens;

/// Any text is refused by a typed error, or names a format whose own name means the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const std::string name = parse_format(text).name();
    if (parse_format(name).name() != name) __builtin_trap();
  } catch (const InputError&) {
  }
  std::vector<std::string> arguments{{}};
  for (const char c : text)
    if (c == ' ')
      arguments.emplace_back();
    else
      arguments.back() += c;
  try {
    static_cast<void>(parse_bench_command_line(arguments));
  } catch (const InputError&) {
  }
  return 0;
}
