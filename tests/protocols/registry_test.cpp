#include "quantlens/protocols/registry.hpp"

#include <catch2/catch.hpp>

#include "scripted_model.hpp"

using namespace quantlens;

TEST_CASE("protocols have the names that cells use") {
  CHECK(protocol_names() == std::vector<std::string>{"nle", "counterfactual", "counterfactual_guided",
                                                     "self_consistency_counterfactual", "self_consistency_redaction",
                                                     "self_consistency_words", "perturb_test", "recall", "two_hop"});
  for (const std::string& name : protocol_names()) CHECK(make_protocol(name)->name() == name);
}

TEST_CASE("an unknown protocol is an error that suggests the nearest") {
  CHECK_THROWS_WITH(make_protocol("conterfactual"), Catch::Contains("did you mean 'counterfactual'?"));
  CHECK_THROWS_AS(make_protocol(""), InputError);
}

TEST_CASE("a protocol supports a task that has its prompts") {
  Task task = quantlens::test::toy_task();
  for (const auto& protocol : make_protocols())
    CHECK(protocol->supports(task) == (protocol->name() != "recall" && protocol->name() != "two_hop"));
  task.prompts.erase("counterfactual_words");
  CHECK(make_protocol("counterfactual")->supports(task));
  CHECK_FALSE(make_protocol("counterfactual_guided")->supports(task));
  task.prompts.erase("classify");
  for (const auto& protocol : make_protocols()) CHECK_FALSE(protocol->supports(task));
}
