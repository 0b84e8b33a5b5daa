#include "quantlens/studies/study_tasks.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "../bench/scripted_provider.hpp"

using namespace quantlens;
using quantlens::test::TempFolder;
using quantlens::test::write_text;
using Names = std::vector<std::string>;

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

/// A copy of the tiny task under another name; its data are the user's where `brought`.
void write_task(const std::filesystem::path& folder, const std::string& name, bool brought) {
  std::string toml = replaced(std::string(quantlens::test::tiny_task), "\"tiny\"", "\"" + name + "\"");
  if (brought) toml = replaced(toml, "location = \"task\"", "location = \"data\"");
  write_text(folder / name / "task.toml", toml);
  if (!brought)
    write_text(folder / name / "test.jsonl", R"({"id": "1", "text": "a", "label": "sports", "explanation": "b"})");
}

const Study& self_explanation_study = find_study("self-explanations");

}  // namespace

TEST_CASE("study tasks: those of the study whose data are here, or else those that stand in for them", "[studies]") {
  const TempFolder folder;
  write_task(folder.path() / "tasks", "esnli", true);
  write_task(folder.path() / "tasks", "world_nli", false);
  write_task(folder.path() / "tasks", "world_topic", false);
  BenchOptions options;
  options.data = folder.path() / "data";
  const Names stand_ins = study_tasks(self_explanation_study, options, {folder.path() / "tasks"}, "");
  // Of the study's protocols the tiny task has prompts for these; explanations come before counterfactuals.
  CHECK(stand_ins == Names{"world_nli/nle", "world_nli/perturb_test", "world_topic/nle", "world_topic/perturb_test"});

  write_text(folder.path() / "data/esnli/test.jsonl",
             R"({"id": "1", "text": "a", "label": "sports", "explanation": "b"})");
  CHECK(study_tasks(self_explanation_study, options, {folder.path() / "tasks"}, "") ==
        Names{"esnli/nle", "esnli/perturb_test"});
}

TEST_CASE("study tasks: nothing to measure is an error", "[studies]") {
  const TempFolder folder;
  write_task(folder.path() / "tasks", "esnli", true);
  CHECK_THROWS_WITH(study_tasks(self_explanation_study, {}, {folder.path() / "tasks"}, ""),
                    Catch::Contains("[quantlens.task_data]") && Catch::Contains("pass --data DIR"));
}

TEST_CASE("study tasks: a checkpoint is no column, and the error says how to measure it", "[studies]") {
  const TempFolder folder;
  write_task(folder.path(), "world_nli", false);
  BenchOptions options;
  options.model = "m.gguf";
  options.formats = {"full", folder.path().string()};
  CHECK_THROWS_WITH(study_tasks(self_explanation_study, options, {folder.path()}, ""),
                    Catch::Contains("[quantlens.format]") &&
                        Catch::Contains("--model " + folder.path().string() + " --columns native --baseline m.gguf"));
}
