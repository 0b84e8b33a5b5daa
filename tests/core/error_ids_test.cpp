#include "quantlens/core/error_ids.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace quantlens;

TEST_CASE("docs/errors.md has a row for each id, in their order, and none for others") {
  std::ifstream docs(QUANTLENS_SOURCE_DIR "/docs/errors.md");
  std::vector<std::string> rows;
  for (std::string line; std::getline(docs, line);)
    if (line.starts_with("| `")) rows.push_back(line.substr(3, line.find('`', 3) - 3));
  CHECK(rows == std::vector<std::string>(error_ids.begin(), error_ids.end()));
  CHECK(std::ranges::is_sorted(rows));
  CHECK(std::ranges::adjacent_find(rows) == rows.end());
}

TEST_CASE("each id is thrown somewhere") {
  std::string sources;
  for (const char* folder : {"/include/quantlens", "/tools", "/benchmarks"})
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::string(QUANTLENS_SOURCE_DIR) + folder)) {
      if (!entry.is_regular_file() || entry.path().filename() == "error_ids.hpp") continue;
      std::ifstream file(entry.path());
      sources.append(std::istreambuf_iterator<char>(file), {});
    }
  for (const std::string_view id : error_ids) {
    CAPTURE(id);
    CHECK(sources.find('"' + std::string(id) + '"') != std::string::npos);
  }
}

TEST_CASE("an id compares with its name") {
  constexpr ErrorId id = "shape";
  CHECK(id == "shape");
  CHECK(id != "json");
  CHECK(id.name() == "shape");
}
