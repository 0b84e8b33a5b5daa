/// Runs the built quantlens tool with its output in files.
#pragma once

#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"

namespace quantlens::test {

/// Fails the test where the tool has not been built.
inline std::filesystem::path tool_path() {
  const char* folder = std::getenv("QUANTLENS_BIN_DIR");
  const auto path = std::filesystem::path(folder == nullptr ? "" : folder) / "quantlens";
  if (!std::filesystem::exists(path)) FAIL("no tool " << path << "; set QUANTLENS_BIN_DIR");
  return path;
}

inline std::string quoted(const std::string& argument) {
  std::string text = "'";
  for (const char c : argument) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

struct Result {
  int status = -1;
  std::string out, err;
};

/// `before` stands in front of the command; `out` takes its output instead of the result.
inline Result run(const std::vector<std::string>& arguments, const std::string& before = "",
                  std::filesystem::path out = {}) {
  const quantlens::test::TempFolder folder;
  std::string command = before + " " + quoted(tool_path().string());
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  const bool kept = out.empty();
  if (kept) out = folder.path() / "out";
  const auto err = folder.path() / "err";
  const int code = std::system((command + " >" + quoted(out.string()) + " 2>" + quoted(err.string())).c_str());
  return {WIFEXITED(code) ? WEXITSTATUS(code) : -1, kept ? quantlens::test::read_text(out) : "",
          quantlens::test::read_text(err)};
}

/// A file or folder of tests/data.
inline std::string data(const std::string& name) { return QUANTLENS_SOURCE_DIR "/tests/data/" + name; }

/// One value a line.
inline std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> values;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    values.push_back(nlohmann::json::parse(text.substr(at, end - at)));
    at = end + 1;
  }
  return values;
}

}  // namespace quantlens::test
