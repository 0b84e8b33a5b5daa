// Runs the built tool's score, perplexity and generate against what transformers computes.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "../io/temp_folder.hpp"
#include "tool_program.hpp"

using namespace quantlens::test;
using quantlens::test::TempFolder;
using Json = nlohmann::json;

// Expected values: transformers 5.23 on the same folder in f32.
TEST_CASE("score, perplexity and generate agree with transformers on a tiny model") {
  const TempFolder folder;
  const std::string model = data("models/tiny-llama");
  const std::string requests = folder
                                   .write("score.jsonl",
                                          "{\"context\": \"The sky \", \"continuation\": \"is blue\"}\n"
                                          "{\"context\": \"\", \"continuation\": \"Hello\"}\n\n"
                                          "{\"context\": \"a\", \"continuation\": \"b\", \"id\": 3}\n")
                                   .string();
  const Result scored = run({"score", "--model", model, "--file", requests, "--threads", "1"});
  const std::vector<Json> scores = json_lines(scored.out);
  REQUIRE(scores.size() == 3);
  CHECK(scores[0]["logprob"].get<double>() == Approx(-37.01912251).epsilon(1e-5));
  CHECK(scores[0]["n_tokens"] == 7);
  CHECK(scores[0]["greedy"] == false);
  CHECK(scores[1]["logprob"].get<double>() == Approx(-27.40378186).epsilon(1e-5));
  CHECK(scores[1]["n_tokens"] == 4);
  CHECK(scores[2]["logprob"].get<double>() == Approx(-7.17527343).epsilon(1e-5));
  CHECK(run({"score", "--model", model, "--file", requests, "--threads", "3", "--batch", "1", "--chunk", "2",
             "--no-shared-prefix"})
            .out == scored.out);

  std::string sentences;
  for (int i = 0; i < 8; ++i) sentences += "The sky is blue. ";
  const std::string text = folder.write("text", sentences).string();
  const Json perplexity = Json::parse(run({"perplexity", "--model", model, "--file", text, "--context", "32"}).out);
  CHECK(perplexity["perplexity"].get<double>() == Approx(429.21613415).epsilon(1e-5));
  CHECK(perplexity["n_tokens"] == 124);
  CHECK(perplexity["windows"] == 4);

  CHECK(run({"generate", "--model", model, "--prompt", "The sky", "--max-new-tokens", "4"}).out == "\x1b`\x0en");
  CHECK(run({"generate", "--model", model, "--prompt", "The sky", "--max-new-tokens", "0"}).out.empty());
}

// Expected values: transformers 5.24 in float32, the tokens of the whole behind those that it shares with the context.
TEST_CASE("score takes a token that spans the join whole, and says which lines it cannot score") {
  const TempFolder folder;
  const auto line = [](const char* context, const char* continuation) {
    return Json{{"context", context}, {"continuation", continuation}}.dump() + "\n";
  };
  const std::string requests =
      folder
          .write("score.jsonl", line("topic: The stri", "ker scored") + line("topic: The striker ", "scored twice") +
                                    line("topic: The striker", " scored twice") + line("explain (", "") +
                                    line("topic: ", "The") + "{\"context\": 1}\n" + "no JSON\n" +
                                    line(std::string(3000, 'a').c_str(), "b") + line("explain (", "sports)"))
          .string();
  const Result result = run({"score", "--model", "refworld-small", "--file", requests});
  CHECK(result.status == 1);
  CHECK_THAT(result.err, Catch::Contains("4 of 9 lines"));
  const std::vector<Json> lines = json_lines(result.out);
  REQUIRE(lines.size() == 9);
  const auto scored = [&](std::size_t i, double logprob, int n_tokens) {
    CHECK(lines[i]["logprob"].get<double>() == Approx(logprob).epsilon(1e-5));
    CHECK(lines[i]["n_tokens"] == n_tokens);
  };
  scored(0, -29.78002635, 3);
  scored(1, -54.84240146, 4);
  CHECK(lines[2] == lines[1]);
  scored(4, -0.92682303, 1);
  scored(8, -32.58203245, 2);
  for (const auto& [index, fragment] :
       std::vector<std::pair<std::size_t, const char*>>{{3, "empty continuation"},
                                                        {5, "line 6: expected an object with the text 'context'"},
                                                        {6, "line 7"},
                                                        {7, "context of 512"}})
    CHECK_THAT(lines[index]["error"].get<std::string>(), Catch::Contains(fragment));
}

TEST_CASE("spelled-out special tokens are text, with a warning, or tokens where that is asked for") {
  const TempFolder folder;
  const std::string model = data("models/tiny-llama");
  const std::string requests =
      folder.write("score.jsonl", "{\"context\": \"a<|eos|>\", \"continuation\": \"b<|bos|>\"}\n").string();
  const Result plain = run({"score", "--model", model, "--file", requests});
  CHECK(plain.status == 0);
  CHECK_THAT(plain.err, Catch::Contains("warning: '<|eos|>' in the text is taken as plain text; --parse-special"));
  CHECK(Json::parse(plain.out)["n_tokens"] == 8);
  const Result special = run({"score", "--model", model, "--file", requests, "--parse-special"});
  CHECK(special.err.empty());
  CHECK(Json::parse(special.out)["n_tokens"] == 2);

  const auto generate = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"generate", "--model", model, "--prompt", "<|bos|>The sky", "--max-new-tokens", "4"});
    return run(more);
  };
  CHECK_THAT(generate({}).err, Catch::Contains("<|bos|>"));
  CHECK(generate({"--parse-special"}).err.empty());
  CHECK(generate({}).out != generate({"--parse-special"}).out);
}
