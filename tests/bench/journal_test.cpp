#include "quantlens/bench/journal.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "scripted_provider.hpp"

using namespace quantlens;
using nlohmann::json;
using quantlens::test::read_text;
using quantlens::test::TempFolder;
using quantlens::test::write_text;

namespace {

json line(const std::string& key, int value) { return {{"kind", "item"}, {"key", key}, {"value", value}}; }

void append(Journal& journal, const std::vector<json>& lines) { journal.append(lines); }

}  // namespace

TEST_CASE("journal: what was appended is found again, also by the next process", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  {
    Journal journal(path);
    append(journal, {line("a", 1), line("b", 2)});
    append(journal, {line("a", 3)});
    REQUIRE(journal.find("item", "a").size() == 2);
  }
  const Journal journal(path);
  REQUIRE(journal.find("item", "a").size() == 2);
  CHECK(journal.find("item", "a")[1]["value"] == 3);
  CHECK(journal.find("item", "b")[0]["value"] == 2);
  CHECK(journal.find("item", "c").empty());
  CHECK(journal.find("slice", "a").empty());
  CHECK(journal.contains("item", "a"));
  CHECK_FALSE(journal.contains("item", "c"));
  CHECK_FALSE(journal.contains("slice", "a"));
}

TEST_CASE("journal: a file cut short or written over under it is refused, not misread", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  Journal journal(path);
  append(journal, {line("a", 1), line("b", 2)});
  const std::string whole = read_text(path);
  std::filesystem::resize_file(path, whole.size() - 4);
  CHECK_NOTHROW(journal.find("item", "a"));
  CHECK_THROWS_AS(journal.find("item", "b"), JournalError);
  append(journal, {line("c", 3)});
  write_text(path, whole);
  CHECK_THROWS_AS(journal.find("item", "c"), JournalError);
  const std::string other = journal_line_text(line("b", 2)) + "\n" + journal_line_text(line("a", 1)) + "\n";
  REQUIRE(other.size() == whole.size());
  for (const std::string& changed : {std::string(whole.size(), '-'), other}) {
    write_text(path, changed);
    CHECK_THROWS_AS(journal.find("item", "a"), JournalError);
  }
}

TEST_CASE("journal: cut at any byte, it keeps the whole lines and goes on after them", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  {
    Journal journal(path);
    append(journal, {line("a", 1), line("b", 2), line("c", 3)});
  }
  const std::string whole = read_text(path);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    write_text(path, whole.substr(0, size));
    const auto n_lines =
        static_cast<std::size_t>(std::count(whole.begin(), whole.begin() + static_cast<long>(size), '\n'));
    {
      Journal journal(path);
      std::size_t found = 0;
      for (const char* key : {"a", "b", "c"}) found += journal.find("item", key).size();
      REQUIRE(found == n_lines);
      append(journal, {line("d", 4)});
    }
    const Journal again(path);
    REQUIRE(again.find("item", "d").size() == 1);
  }
}

TEST_CASE("journal: a damaged line in the middle is refused with its offset, not skipped", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  const std::string first = line("a", 1).dump() + "\n";
  const std::string summed = journal_line_text(line("a", 1));
  for (const std::string& bad :
       {std::string("{\"kind\":\"item\"\n"), std::string("[1]\n"), std::string("{\"kind\":1,\"key\":\"a\"}\n"),
        std::string("\n"), "{\"kind\":\"item\",\"key\":\"a\",\"crc\":\"" + summed.substr(summed.size() - 10) + "\n"}) {
    write_text(path, first + bad + first);
    try {
      const Journal journal(path);
      FAIL("accepted " << bad);
    } catch (const FormatError& error) {
      CHECK(error.offset() == first.size());
    }
  }
}

TEST_CASE("journal: any flipped bit is refused, or changes nothing that is read", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  {
    Journal journal(path);
    append(journal, {line("a", 1), line("b", 25)});
    append(journal, {line("a", 3)});
  }
  const std::string whole = read_text(path);
  const auto everything = [](const Journal& journal) {
    json values = json::array();
    for (const char* key : {"a", "b"})
      for (const json& found : journal.find("item", key)) values.push_back(found.value("value", json()));
    return values;
  };
  const json written = everything(Journal(path));
  std::size_t refused = 0, harmless = 0;
  for (std::size_t bit = 0; bit < 8 * (whole.size() - 1); ++bit) {  // without the last newline a line is but torn
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    write_text(path, flipped);
    CAPTURE(bit / 8, bit % 8, flipped);
    try {
      const json read = everything(Journal(path));
      REQUIRE(read == written);
      ++harmless;
    } catch (const FormatError& error) {
      REQUIRE(error.id() == "journal");
      REQUIRE(error.offset() <= bit / 8);
      ++refused;
    }
  }
  CHECK(refused > 0);
  CHECK(harmless <= 3 * 8);  // in the name of the first line's checksum
}

TEST_CASE("journal: lines of older versions have no checksum, and none follows one that has", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  const std::string old = line("a", 1).dump() + "\n";
  write_text(path, old + old);
  {
    Journal journal(path);
    CHECK(journal.unsummed_lines() == 2);
    CHECK(journal.find("item", "a").size() == 2);
    append(journal, {line("b", 2)});
  }
  CHECK(Journal(path).unsummed_lines() == 2);
  const std::string mixed = read_text(path);
  write_text(path, mixed + old);
  try {
    const Journal journal(path);
    FAIL("accepted");
  } catch (const FormatError& error) {
    CHECK(error.offset() == mixed.size());
  }
}

TEST_CASE("journal: a line that makes no sense to its reader is named by its offset", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  Journal journal(path);
  append(journal, {line("b", 2), line("a", 1)});
  const std::string whole = read_text(path);
  const auto fails = [&](const auto& use) {
    try {
      journal.for_each("item", "a", use);
    } catch (const FormatError& error) {
      return error.id() == "journal" && error.offset() == whole.find('\n') + 1;
    }
    return false;
  };
  CHECK(fails([](const json& read) { static_cast<void>(read.at("value").get<std::string>()); }));
  CHECK(fails([](const json& read) { static_cast<void>(read.at("other")); }));
  CHECK(fails([](const json&) { throw InputError("item_record", "no record"); }));
}

TEST_CASE("journal: transcripts stay in the file and out of memory", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  Journal journal(path);
  append(journal, {{{"kind", "item"}, {"key", "a"}, {"record", {{"transcript", "long"}, {"seconds", 0.5}}}}});
  CHECK(journal.find("item", "a")[0]["record"] == json{{"seconds", 0.5}});
  CHECK_THAT(read_text(path), Catch::Contains("long"));
}

TEST_CASE("journal: two at once on one file are refused", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  {
    const Journal first(path);
    CHECK_THROWS_AS(Journal(path), InputError);
  }
  CHECK_NOTHROW(Journal(path));
}

TEST_CASE("journal: strings that are no UTF-8 do not break the file", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  {
    Journal journal(path);
    append(journal, {{{"kind", "item"}, {"key", "a"}, {"text", "\xff\xfe"}}});
  }
  CHECK(Journal(path).find("item", "a").size() == 1);
}

TEST_CASE("journal: a write that fails half way names the file and is taken back", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  Journal journal(path);
  append(journal, {line("a", 1)});
  const std::string before = read_text(path);

  rlimit old{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = old;
  tight.rlim_cur = before.size() + 10;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &tight) == 0);
  std::string message;
  try {
    append(journal, {line("b", 2)});
  } catch (const JournalError& error) {
    message = error.what();
  }
  REQUIRE(setrlimit(RLIMIT_FSIZE, &old) == 0);
  std::signal(SIGXFSZ, old_handler);

  CHECK_THAT(message, Catch::Contains(path.string()));
  CHECK(read_text(path) == before);
  CHECK(journal.find("item", "b").empty());
  append(journal, {line("c", 3)});
  CHECK(journal.find("item", "c").size() == 1);
}

TEST_CASE("journal: a pipe, which would be read for ever, is refused", "[bench]") {
  const TempFolder folder;
  const auto path = folder.path() / "items.jsonl";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(Journal(path), Catch::Contains("items.jsonl is not a regular file"));
}
