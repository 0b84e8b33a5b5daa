#include <catch2/catch.hpp>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "quantlens/protocols/registry.hpp"
#include "quantlens/tasks/load_task.hpp"

using namespace quantlens;

TEST_CASE("the generated tasks load with both sets of prompts") {
  struct Expected {
    const char* task;
    std::size_t n_items;
    std::vector<std::string> plain, trained;  // protocols
  };
  const std::vector<std::string> about_edits{"nle",
                                             "counterfactual",
                                             "self_consistency_redaction",
                                             "self_consistency_words",
                                             "perturb_test",
                                             "chain_of_thought",
                                             "cot_interventions",
                                             "biasing_features",
                                             "hints",
                                             "cc_shap",
                                             "cc_shap_cot"};
  const std::vector<Expected> tasks{{"world_topic", 1600, about_edits, about_edits},
                                    {"world_nli", 1602, about_edits, about_edits},
                                    {"world_choice",
                                     600,
                                     {"nle", "self_consistency_words", "cot_interventions", "hints",
                                      "biasing_always_first", "cc_shap", "cc_shap_cot"},
                                     {"nle", "cc_shap"}},
                                    {"world_recall", 1530, {"recall"}, {"recall"}},
                                    {"world_twohop", 809, {"two_hop"}, {"two_hop"}}};
  for (const auto& [name, n_items, plain, trained] : tasks) {
    CAPTURE(name);
    Task task = load_task(std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tasks" / name, {}, known_prompts());
    CHECK(task.items.size() == n_items);
    for (const std::string& protocol : plain) CHECK(make_protocol(protocol)->supports(task));
    CHECK(task.trained.models == std::vector<std::string>{"refworld-*"});
    task.prompts = task.trained.prompts;
    for (const std::string& protocol : trained) CHECK(make_protocol(protocol)->supports(task));
  }
}
