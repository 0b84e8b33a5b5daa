#include "quantlens/models/http_judge.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "quantlens/models/chat_completion.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

std::string reply_text(const std::string& text, const nlohmann::json& top = nullptr) {
  nlohmann::json choice{{"message", {{"content", text}}}, {"finish_reason", "stop"}};
  if (!top.is_null()) choice["logprobs"] = {{"content", {{{"token", text}, {"top_logprobs", top}}}}};
  return nlohmann::json{{"choices", {choice}}}.dump();
}

/// A judge whose other side is a function.
struct Desk {
  std::vector<nlohmann::json> asked;
  std::function<HttpReply(const nlohmann::json&)> on_post = [](const nlohmann::json&) {
    return HttpReply{200, "", false, "application/json", "", "", reply_text("4")};
  };
  HttpJudgeOptions options;

  Desk() {
    options.url = "http://desk.test";
    options.model = "grader";
    options.wait = [](double) {};
  }
  [[nodiscard]] HttpJudge judge(const ApiKey& key = {}) {
    return {options, key, [this](std::string_view json) {
              asked.push_back(nlohmann::json::parse(json));
              return on_post(asked.back());
            }};
  }
};

CompletionRequest question(const std::string& text, bool wants_first_tokens = false) {
  CompletionRequest request{{{{"user", text}}, ""}, 8};
  request.wants_first_tokens = wants_first_tokens;
  return request;
}

std::string ask(HttpJudge& judge, const CompletionRequest& request) { return judge.complete({&request, 1}).at(0).text; }

HttpReply refusal() { return {400, "", false, "application/json", "", "", R"({"error":"no logprobs here"})"}; }

}  // namespace

TEST_CASE("http judge: it writes and can do nothing else", "[judge]") {
  Desk desk;
  HttpJudge judge = desk.judge();
  for (const Capability capability :
       {Capability::scores, Capability::sampling, Capability::choice, Capability::tokens, Capability::hooks})
    CHECK_FALSE(judge.can(capability));
  CHECK_THROWS_AS(judge.score({}), InputError);
  CHECK_THROWS_AS(judge.score_text({}), InputError);
  CompletionRequest begun = question("a"), bare = question("a"), warm = question("a"), chosen = question("a");
  begun.prompt.answer_prefix = "Rating:";
  bare.prompt = {{}, "Once"};
  warm.sampling.temperature = 1;
  chosen.only_expected = true;
  for (const CompletionRequest& request : {begun, bare, warm, chosen})
    CHECK_THROWS_WITH(ask(judge, request), Catch::StartsWith("[quantlens.capability]"));
  CHECK(desk.asked.empty());
}

TEST_CASE("http judge: a question is paid for once, also in the next run", "[judge]") {
  TempFolder folder;
  Desk desk;
  desk.options.cache = folder.path() / "answers";
  {
    HttpJudge judge = desk.judge();
    CHECK(ask(judge, question("a")) == "4");
    CHECK(ask(judge, question("a")) == "4");
    CHECK(ask(judge, question("b")) == "4");
    CHECK(desk.asked.size() == 2);
  }
  desk.on_post = [](const nlohmann::json&) { return HttpReply{0, "gone", true, "", "", "", ""}; };
  HttpJudge judge = desk.judge();
  CHECK(ask(judge, question("b")) == "4");
  CHECK(judge.n_requests() == 0);
  SECTION("not by another model or endpoint") {
    desk.options.model = "another";
    HttpJudge other = desk.judge();
    CHECK_THROWS_WITH(ask(other, question("b")), Catch::EndsWith("gone"));
    desk.options.model = "grader";
    desk.options.url = "http://elsewhere.test";
    HttpJudge elsewhere = desk.judge();
    CHECK_THROWS_WITH(ask(elsewhere, question("b")), Catch::EndsWith("gone"));
  }
  SECTION("not from a damaged file, nor from one about something else") {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(desk.options.cache)) files.push_back(entry.path());
    REQUIRE(files.size() == 2);
    const std::string text = read_text(files[0]);
    for (const std::string& damaged : {text.substr(0, text.size() / 2), std::string("{}"), std::string("[1]"),
                                       std::string("{\"schema\":1}"), read_text(files[1])}) {
      folder.write(files[0], damaged);
      HttpJudge fresh = desk.judge();
      std::string errors;
      for (const char* asked : {"a", "b"}) try {
          static_cast<void>(ask(fresh, question(asked)));
        } catch (const InputError& error) {
          errors += error.what();
        }
      CHECK_THAT(errors, Catch::StartsWith("[quantlens.judge] ") && Catch::Contains("remove"));
    }
  }
}

TEST_CASE("http judge: likely first tokens are asked for, and done without where they are refused", "[judge]") {
  Desk desk;
  const nlohmann::json top{{{"token", "4"}, {"logprob", -0.5}},  {{"token", "5"}, {"logprob", -1.5}},
                           {{"token", "bad"}, {"logprob", 0.5}}, {{"token", "none"}, {"logprob", nullptr}},
                           {{"token", 7}, {"logprob", -1}},      "text"};
  desk.on_post = [&](const nlohmann::json& body) {
    return body.contains("logprobs") ? HttpReply{200, "", false, "", "", "", reply_text("4", top)} : refusal();
  };
  HttpJudge judge = desk.judge();
  const CompletionRequest request = question("a", true);
  const Completion answer = judge.complete({&request, 1}).at(0);
  CHECK(answer.first_tokens == std::vector<TokenLogprob>{{"4", -0.5}, {"5", -1.5}});
  CHECK(desk.asked.at(0).at("top_logprobs") == 20);
  CHECK(judge.complete({&request, 1}).at(0).first_tokens == answer.first_tokens);  // from the cache

  SECTION("refused: the question is asked without, and all further ones") {
    desk.asked.clear();
    desk.on_post = [](const nlohmann::json& body) {
      return body.contains("logprobs") ? refusal() : HttpReply{200, "", false, "", "", "", reply_text("3")};
    };
    HttpJudge plain = desk.judge();
    CHECK(ask(plain, question("b", true)) == "3");
    CHECK(ask(plain, question("c", true)) == "3");
    CHECK(desk.asked.size() == 3);
  }
  SECTION("a question that is refused anyway says nothing of others") {
    desk.on_post = [&](const nlohmann::json& body) {
      const bool bad = body.at("messages").at(0).at("content") == "bad";
      return bad ? refusal() : HttpReply{200, "", false, "", "", "", reply_text("4", top)};
    };
    HttpJudge choosy = desk.judge();
    CHECK_THROWS_AS(ask(choosy, question("bad", true)), ItemError);
    const CompletionRequest good = question("good", true);
    CHECK(choosy.complete({&good, 1}).at(0).first_tokens.size() == 2);
  }
}

TEST_CASE("http judge: tokens are counted as told, or by bytes", "[judge]") {
  const auto count = [](const std::string& usage) {
    return parse_chat_reply(R"({"choices":[{"message":{"content":"12345"}}])" + usage + "}", "12345678", {});
  };
  CHECK(count("").n_prompt_tokens == 2);
  CHECK(count("").n_tokens == 2);
  CHECK(count(R"(,"usage":{"prompt_tokens":7,"completion_tokens":1})").n_prompt_tokens == 7);
  CHECK(count(R"(,"usage":{"prompt_tokens":18446744073709551615,"completion_tokens":-3})").n_prompt_tokens == 2);
  CHECK(count(R"(,"usage":{"prompt_tokens":18446744073709551615,"completion_tokens":-3})").n_tokens == 2);
  CHECK(count(R"(,"usage":"none")").n_tokens == 2);
}

TEST_CASE("api key: it comes from the environment, is checked, and is hidden", "[judge]") {
  ::unsetenv("OPENAI_API_KEY");
  ::unsetenv("QUANTLENS_JUDGE_KEY");
  CHECK(ApiKey::from_environment(true).empty());
  ::setenv("OPENAI_API_KEY", "sk-openai-1", 1);
  CHECK(ApiKey::from_environment(true).authorization() == "Bearer sk-openai-1");
  CHECK(ApiKey::from_environment(false).empty());  // meant for another program, and readable on its way
  ::setenv("QUANTLENS_JUDGE_KEY", "our-own-key", 1);
  CHECK(ApiKey::from_environment(true).authorization() == "Bearer our-own-key");
  CHECK(ApiKey::from_environment(false).authorization() == "Bearer our-own-key");
  CHECK(ApiKey::from_environment(false).hide("our-own-key, our-own-keyour-own-key") == "[key], [key][key]");
  CHECK(ApiKey().hide("text") == "text");
  for (const char* odd : {"short", "two words here", "line\nbreaks-here", "caf\xc3\xa9-caf\xc3\xa9"}) {
    ::setenv("QUANTLENS_JUDGE_KEY", odd, 1);
    CHECK_THROWS_WITH(ApiKey::from_environment(true),
                      Catch::StartsWith("[quantlens.judge] QUANTLENS_JUDGE_KEY is no key") && !Catch::Contains(odd));
  }
  ::unsetenv("OPENAI_API_KEY");
  ::unsetenv("QUANTLENS_JUDGE_KEY");
}
