/// Task folders made of the texts of their files.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "../io/temp_folder.hpp"
#include "../protocols/scripted_model.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/tasks/load_task.hpp"

namespace quantlens::test {

/// Fails the test where `what` is not in the text.
inline std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

/// The task `toy` of a task.toml, its test.csv and its demonstrations.jsonl.
inline Task load_toy(const std::string& toml, const std::string& csv, const std::string& demonstrations) {
  const TempFolder folder;
  folder.write("toy/task.toml", toml);
  folder.write("toy/test.csv", csv);
  folder.write("toy/demonstrations.jsonl", demonstrations);
  return load_task(folder.path() / "toy", {}, known_prompts());
}

}  // namespace quantlens::test
