/// Where the project's own data lie: its tasks and its reference models.
#pragma once

#include <filesystem>
#include <string_view>
#include <system_error>

namespace quantlens::inline v0_1 {

/// The folder `tasks` or `reference_models`: beside these headers (a source tree or an installation), else beside the
/// program; only the name where it is in none of these places.
[[nodiscard]] inline std::filesystem::path find_data_folder(std::string_view name) {
  const std::filesystem::path headers = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const std::filesystem::path& place :
       {headers.parent_path(), headers.parent_path() / "share/quantlens", program.parent_path() / "share/quantlens"})
    if (std::filesystem::is_directory(place / name, error)) return place / name;
  return name;
}

/// What a user names as a model: a path, or else a reference model by its name.
/// Example: find_model("refworld-unfaithful").
[[nodiscard]] inline std::filesystem::path find_model(const std::filesystem::path& model) {
  std::error_code error;
  if (std::filesystem::exists(model, error)) return model;
  const std::filesystem::path reference = find_data_folder("reference_models") / model;
  return std::filesystem::is_directory(reference, error) ? reference : model;
}

}  // namespace quantlens::inline v0_1
