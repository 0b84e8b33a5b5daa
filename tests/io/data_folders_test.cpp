#include "quantlens/io/data_folders.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "temp_folder.hpp"

using namespace quantlens;

TEST_CASE("data folders: those of this source tree", "[io]") {
  CHECK(std::filesystem::is_regular_file(find_data_folder("tasks") / "starter_topics/task.toml"));
  CHECK(std::filesystem::is_regular_file(find_data_folder("reference_models") / "world/README.md"));
  CHECK(find_data_folder("no such folder") == "no such folder");
}

TEST_CASE("data folders: a reference model's name goes before a file of that name in the working folder", "[io]") {
  const std::filesystem::path reference = find_data_folder("reference_models") / "refworld-unfaithful";
  const test::TempFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  folder.write("refworld-unfaithful", "a model");
  folder.write("model.gguf", "a model");
  folder.write("train", "no reference model, though a folder beside them is called so");
  CHECK(find_model("refworld-unfaithful") == reference);
  CHECK(find_model("./refworld-unfaithful") == "./refworld-unfaithful");
  CHECK(find_model(folder.path() / "refworld-unfaithful") == folder.path() / "refworld-unfaithful");
  for (const std::string name : {"model.gguf", "missing.gguf", "train", ".", "..", ""}) CHECK(find_model(name) == name);
  std::filesystem::current_path(before);
}
