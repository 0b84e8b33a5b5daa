// Runs the built tool on paths, names and outputs that are none it would like.
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "../io/temp_folder.hpp"
#include "tool_program.hpp"

using namespace quantlens::test;
using Catch::Contains;
using quantlens::test::TempFolder;

namespace {

const std::string model = QUANTLENS_SOURCE_DIR "/tests/data/models/tiny-llama";

}  // namespace

TEST_CASE("every command fails where its output does not fit") {
  if (!std::filesystem::exists("/dev/full")) return;
  const TempFolder folder;
  const std::string text = folder.write("text", std::string(2000, 'a') + "\n").string();
  const std::string pairs = folder.write("pairs.jsonl", R"({"context": "a", "continuation": "b"})").string();
  const std::string chat = folder.write("chat.json", R"({"messages": [{"role": "user", "content": "x"}]})").string();
  const std::string jinja = folder.write("t.jinja", "{{ messages[0].content }}").string();
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"},
        {"--version"},
        {"score", "--help"},
        {"inspect", "--model", model},
        {"tokenize", "--model", model, "--file", text},
        {"render-chat", "--file", chat, "--template", jinja},
        {"generate", "--model", model, "--prompt", "a", "--max-new-tokens", "1"},
        {"score", "--model", model, "--file", pairs},
        {"perplexity", "--model", model, "--file", text, "--context", "64"},
        {"speed", "--model", model, "--prefill", "2", "--decode", "2", "--repeat", "1"},
        {"quantize", "--model", model, "--format", "rtn-w8", "--out", (folder.path() / "out").string()}}) {
    INFO(arguments.front());
    const Result result = run(arguments, "", "/dev/full");
    CHECK(result.status == 1);
    CHECK_THAT(result.err, Contains("quantlens: [quantlens.write] cannot write to standard output\n"));
  }
}

TEST_CASE("paths that the system does not take are bad input, in one printable line") {
  const TempFolder folder;
  const std::string text = folder.write("text", "abc\n").string();
  const std::string loop = (folder.path() / "loop").string();
  std::filesystem::create_symlink("loop", loop);
  for (const auto& [path, why] : {std::pair(loop, "Too many levels of symbolic links"),
                                  std::pair(loop + "/inside", "Too many levels of symbolic links"),
                                  std::pair(std::string(5000, 'x'), "File name too long"),
                                  std::pair(std::string("no\xe9\n\x1b[2J"), "no\\xe9\\n\\x1b[2J: No such file")})
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"inspect", "--model", path},
          {"generate", "--prompt", "a", "--model", path},
          {"tokenize", "--model", model, "--file", path},
          {"render-chat", "--file", text, "--model", path, "--template", path},
          {"quantize", "--format", "rtn-w8", "--out", path, "--model", path}}) {
      const Result result = run(arguments);
      INFO(arguments.front() << " " << why);
      CHECK(result.status == 2);
      CHECK(result.out.empty());
      CHECK_THAT(result.err, Catch::StartsWith("quantlens: [quantlens."));
      CHECK(result.err.find('\n') == result.err.size() - 1);
      CHECK(result.err.find_first_of("\x1b\xe9") == std::string::npos);
      if (arguments.front() == "inspect") CHECK_THAT(result.err, Contains(why));
    }
}

TEST_CASE("a model in a folder whose name is no UTF-8 works, and what is printed of it is JSON") {
  const TempFolder folder;
  const std::filesystem::path odd = folder.path() / "caf\xe9";
  std::filesystem::copy(model, odd);
  const Result inspected = run({"inspect", "--model", odd.string()});
  REQUIRE(inspected.status == 0);
  CHECK_THAT(nlohmann::json::parse(inspected.out)["path"].get<std::string>(), Catch::EndsWith("caf\ufffd"));
  const Result quantized =
      run({"quantize", "--model", odd.string(), "--format", "rtn-w8", "--out", (folder.path() / "o\xfft").string()});
  REQUIRE(quantized.status == 0);
  CHECK_THAT(nlohmann::json::parse(quantized.out)["out"].get<std::string>(), Catch::EndsWith("o\ufffdt"));
}

TEST_CASE("a reference model's name is that model, though the working folder holds one of that name") {
  const TempFolder folder;
  const std::string text = folder.write("text", "abc\n").string();
  std::filesystem::create_directory(folder.path() / "refworld-small");
  const std::string there = "cd " + quoted(folder.path().string()) + " &&";
  CHECK(run({"tokenize", "--model", "refworld-small", "--file", text}, there).status == 0);
  CHECK(run({"tokenize", "--model", "./refworld-small", "--file", text}, there).status == 2);
}

TEST_CASE("text in another encoding is named with the remedy") {
  const TempFolder folder;
  const std::string latin = folder.write("latin", "caf\xe9 closed\n").string();
  const Result result = run({"tokenize", "--model", model, "--file", latin});
  CHECK(result.status == 1);
  CHECK_THAT(result.out, Contains("at byte 3: not valid UTF-8") && Contains("iconv -f windows-1252 -t utf-8"));
}
