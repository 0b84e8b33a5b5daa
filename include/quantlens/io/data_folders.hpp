/// Where the project's own data lie: its tasks and its reference models.
#pragma once

#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The folder `tasks` or `reference_models`: beside these headers or in share/quantlens there (a source tree or an
/// installation), else the same around the program and the folders above it, for compilers that know headers by
/// relative paths; only the name where it is in none of these places.
[[nodiscard]] inline std::filesystem::path find_data_folder(std::string_view name) {
  std::error_code error;
  std::vector<std::filesystem::path> places;
  const std::filesystem::path headers = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  if (headers.is_absolute()) places.push_back(headers.parent_path());
  std::filesystem::path above = std::filesystem::read_symlink("/proc/self/exe", error);
  while (above.has_relative_path()) places.push_back(above = above.parent_path());
  for (const std::filesystem::path& place : places)
    for (const std::filesystem::path& folder : {place / name, place / "share/quantlens" / name})
      if (std::filesystem::is_directory(folder, error)) return folder;
  return name;
}

/// What a user names as a model: a reference model by its name, or else a path. A name goes before a file or folder of
/// the same name, so that what lies in the working folder cannot change what a command means; ./NAME is a path.
/// Example: find_model("refworld-unfaithful").
[[nodiscard]] inline std::filesystem::path find_model(const std::filesystem::path& model) {
  if (model != model.filename()) return model;
  std::error_code error;
  const std::filesystem::path reference = find_data_folder("reference_models") / model;
  return std::filesystem::is_regular_file(reference / "config.json", error) ? reference : model;
}

}  // namespace quantlens::inline QUANTLENS_ABI
