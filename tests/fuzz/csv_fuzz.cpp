/// Fuzzes tables: the input is a file of commas or tabs, read with as many fields as it has, and with two.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/io/csv.hpp"
#include "standalone_main.hpp"

using namespace quantlens;

namespace {

using Records = std::vector<std::vector<std::string>>;

/// Begins with a byte order mark, so that no first field makes it look like a file of another kind.
std::string quoted(const Records& records, char separator) {
  std::string text = "\xef\xbb\xbf";
  for (const auto& record : records) {
    for (std::size_t i = 0; i < record.size(); ++i) {
      if (i > 0) text += separator;
      text += '"';
      for (const char c : record[i]) text += c == '"' ? "\"\"" : std::string(1, c);
      text += '"';
    }
    text += '\n';
  }
  return text;
}

void check(std::string_view text, char separator, std::size_t n_fields) {
  Records records;
  try {
    records = parse_csv(text, "fuzz.csv", separator, n_fields);
  } catch (const InputError&) {
    return;
  }
  for (const auto& record : records)
    if (record.size() != (n_fields == 0 ? records.front().size() : n_fields)) __builtin_trap();
  if (parse_csv(quoted(records, separator), "quoted.csv", separator, n_fields) != records) __builtin_trap();
}

}  // namespace

/// Any text is refused by a typed error, or is a table of records of one length that is read back from its quoted form.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char separator : {',', '\t'})
    for (const std::size_t n_fields : {0u, 2u}) check(text, separator, n_fields);
  return 0;
}
