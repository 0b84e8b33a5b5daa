#include "quantlens/io/file_kind.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gguf_builder.hpp"
#include "quantlens/io/csv.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/jsonl.hpp"
#include "quantlens/io/safetensors.hpp"
#include "refusal.hpp"
#include "temp_folder.hpp"

using namespace quantlens;
using namespace quantlens::test;
using namespace std::string_literals;

namespace {

const std::string pointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:" + std::string(64, '1') + "\nsize 4096\n";

}  // namespace

TEST_CASE("a file's first bytes say what it is") {
  const std::vector<std::pair<std::string, FileKind>> cases{
      {"", FileKind::empty},
      {pointer, FileKind::lfs_pointer},
      {"<!DOCTYPE html><html>", FileKind::web_page},
      {"\xef\xbb\xbf\r\n <HTML lang=\"en\">", FileKind::web_page},
      {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", FileKind::web_page},
      {"{\"error\": \"not found\"}", FileKind::json},
      {" [1]", FileKind::json},
      {"Entry not found", FileKind::text},
      {"x", FileKind::text},
      {safetensors_file("{}", ""), FileKind::safetensors},
      // A header of 0x04034b50 bytes begins as zip archives do.
      {"PK\x03\x04\0\0\0\0{"s, FileKind::safetensors},
      {"PK\x03\x04\0\0\x08\x08\0"s, FileKind::zip},
      {"\x80\x02\x8a\nl"s, FileKind::pickle},
      {"\x80\x02\0\0\0\0\0\0{"s, FileKind::safetensors},
      {"GGUF\x03\0\0\0"s, FileKind::gguf},
      {"tjgg\x01\0\0\0"s, FileKind::old_ggml},
      {"\x89HDF\r\n\x1a\n"s, FileKind::hdf5},
      {"\x1f\x8b\x08"s, FileKind::gzip},
      {"\x01\x02\x03\0"s, FileKind::unknown},
      {std::string(100, '\0'), FileKind::unknown},
  };
  for (const auto& [bytes, kind] : cases) {
    INFO("'" << bytes << "'");
    CHECK(file_kind(bytes) == kind);
  }
}

TEST_CASE("a reader that gets another kind of file says what it is and what to do") {
  struct Case {
    std::string bytes, fragment;
  };
  const std::vector<Case> foreign{
      {"", "is empty"},
      {pointer, "is a Git LFS pointer, a note that stands for the file of 4096 bytes; run `git lfs pull`"},
      {"<!DOCTYPE html><html><body>please log in", "is a web page ('<!DOCTYPE html><html><body>please log in')"},
      {"{\"error\":\"gated\"}", "is text ('{\"error\":\"gated\"}'), such as a server's error message"},
      {"Invalid name or\npassword", "is text ('Invalid name or')"},
      {"PK\x03\x04\0\0\x08\x08\0"s, "is a zip archive, as PyTorch saves its files; load the model in transformers"},
      {"\x80\x02\x8a\nl"s, "is a Python pickle, as PyTorch"},
      {"\x89HDF\r\n\x1a\n"s, "is an HDF5 file"},
      {"\x1f\x8b\x08"s, "is compressed with gzip"},
      {"lmgg\x01"s, "is a file of the formats before GGUF"},
  };
  const TempFolder folder;
  for (const Case& c : foreign) {
    const auto weights = folder.write("w", c.bytes);
    check_refused(c.fragment, "file_kind", "w: " + c.fragment,
                  [&] { static_cast<void>(SafetensorsFile::open(weights)); });
    check_refused(c.fragment, "file_kind", "w: " + c.fragment, [&] { static_cast<void>(GgufFile::open(weights)); });
  }
  const auto gguf = folder.write("m.gguf", GgufBuilder().build());
  const auto safetensors = folder.write("m.safetensors", safetensors_file("{}", ""));
  CHECK(GgufFile::open(gguf).tensors().empty());
  CHECK(SafetensorsFile::open(safetensors).tensors().empty());
  CHECK_THROWS_WITH(SafetensorsFile::open(gguf), Catch::Contains("is a GGUF file; name it itself as the model"));
  CHECK_THROWS_WITH(GgufFile::open(folder.write("config.json", "{}")),
                    Catch::Contains("config.json: is a JSON file, as a Hugging Face folder holds; name the folder"));
  CHECK_THROWS_WITH(GgufFile::open(safetensors),
                    Catch::Contains("is a safetensors file; name the Hugging Face folder"));
}

TEST_CASE("JSON files and data files that are pointers or pages are named as such") {
  const TempFolder folder;
  const auto lfs = folder.write("lfs", pointer);
  const auto page = folder.write("page", "<html>");
  const auto text = folder.write("text", "abc");
  const auto json = folder.write("json", "[1]");
  CHECK(read_json_file(json) == nlohmann::json({1}));
  CHECK_THROWS_WITH(read_json_file(lfs), Catch::Contains("quantlens.file_kind") && Catch::Contains("LFS pointer"));
  CHECK_THROWS_WITH(read_json_file(page), Catch::Contains("is a web page"));
  CHECK_THROWS_WITH(read_json_file(text), Catch::Contains("quantlens.json"));
  CHECK_THROWS_WITH(read_json_file(folder.write("none", "")), Catch::Contains("is empty"));
  CHECK_THROWS_WITH(read_jsonl(lfs), Catch::Contains("LFS pointer"));
  CHECK_THROWS_WITH(read_csv(lfs), Catch::Contains("LFS pointer"));
  CHECK_THROWS_WITH(read_csv(page), Catch::Contains("a web page instead of the file"));
}

TEST_CASE("what is quoted of a foreign file is one short line of plain characters") {
  const TempFolder folder;
  const auto path = folder.write("w", "It is not found \x1b[31m" + std::string(500, 'x') + "\nsecond");
  try {
    static_cast<void>(open_as(FileKind::gguf, path));
    FAIL_CHECK("accepted");
  } catch (const InputError& error) {
    const std::string message = error.what();
    CHECK(message.find('\n') == std::string::npos);
    CHECK(message.find('\x1b') == std::string::npos);
    CHECK(message.size() < 400);
  }
}
