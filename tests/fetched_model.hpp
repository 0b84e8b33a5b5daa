/// Where the published model is that tests tagged [.model] read.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace quantlens::test {

/// SmolLM2 where the environment names it or scripts/fetch-model has put it.
inline std::optional<std::filesystem::path> fetched_model() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  std::filesystem::path path = variable("QUANTLENS_SMOLLM2");
  if (path.empty()) {
    std::filesystem::path cache = variable("QUANTLENS_CACHE");
    if (cache.empty() && !variable("XDG_CACHE_HOME").empty())
      cache = std::filesystem::path(variable("XDG_CACHE_HOME")) / "quantlens";
    if (cache.empty()) cache = std::filesystem::path(variable("HOME")) / ".cache" / "quantlens";
    path = cache / "models" / "smollm2-135m-instruct.gguf";
  }
  if (std::filesystem::exists(path)) return path;
  return std::nullopt;
}

}  // namespace quantlens::test
