#include "quantlens/io/data_folders.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "temp_folder.hpp"

using namespace quantlens;

TEST_CASE("data folders: those of this source tree", "[io]") {
  CHECK(std::filesystem::is_regular_file(find_data_folder("tasks") / "starter_topics/task.toml"));
  CHECK(std::filesystem::is_regular_file(find_data_folder("reference_models") / "world/README.md"));
  CHECK(find_data_folder("no such folder") == "no such folder");
}

TEST_CASE("data folders: a path goes before a reference model of the same name", "[io]") {
  CHECK(find_model("refworld-unfaithful") == find_data_folder("reference_models") / "refworld-unfaithful");
  CHECK(find_model("missing.gguf") == "missing.gguf");
  const test::TempFolder folder;
  const std::filesystem::path file = folder.write("refworld-unfaithful", "a model");
  CHECK(find_model(file) == file);
}
