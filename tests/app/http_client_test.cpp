#include "quantlens/app/http_client.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "fake_endpoint.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

const std::string secret = "sk-test-0123456789abcdef";

/// Asks a judge at an endpoint, and keeps all that anybody could read afterwards.
struct Asker {
  TempFolder folder;
  std::vector<double> waits;
  HttpLimits limits{2, 5, 20000};
  std::size_t max_requests = 50;
  std::size_t max_tokens = 100000;

  [[nodiscard]] HttpJudge judge(const std::string& url, const ApiKey& key) {
    HttpJudgeOptions options;
    options.url = url;
    options.model = "grader";
    options.max_requests = max_requests;
    options.max_tokens = max_tokens;
    options.cache = folder.path();
    options.attempts = 3;
    options.wait = [this](double seconds) { waits.push_back(seconds); };
    return {options, key, http_post(parse_endpoint_url(url), key, limits)};
  }

  /// The files that were written.
  [[nodiscard]] std::string written() const {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      all += entry.path().filename().string() + "\n" + read_text(entry.path());
    return all;
  }
};

CompletionRequest question(const std::string& text = "Rate this.") { return {{{{"user", text}}, ""}, 8}; }

/// What came of one question: the answer, or the error.
struct Outcome {
  std::string text, error;
  bool is_of_item = false;
};

Outcome ask(HttpJudge& judge, const CompletionRequest& request = question()) {
  try {
    return {judge.complete({&request, 1}).at(0).text, "", false};
  } catch (const ItemError& error) {
    return {"", error.what(), true};
  } catch (const InputError& error) {
    return {"", error.what(), false};
  }
}

/// A fault, what is seen of it, and how many requests it took.
struct Fault {
  std::string name;
  std::vector<FakeReply> replies;
  std::string expected;  ///< part of the error, or the whole answer
  bool is_of_item;
  std::size_t n_requests;
  bool is_answered = false;
};

FakeReply status(std::string_view line, std::string_view headers = "Content-Type: application/json\r\n") {
  return {http_bytes(line, R"({"error":{"message":"not today"}})", headers)};
}

FakeReply body(std::string_view text, std::string_view headers = "Content-Type: application/json\r\n") {
  return {http_bytes("200 OK", text, headers)};
}

std::string with_key(std::string text) { return text.replace(text.find("KEY"), 3, secret); }

std::vector<Fault> faults() {
  const std::string whole = chat_bytes("4");
  const std::string long_text(30000, 'x');
  return {
      {"hangs", {{"", false, true}}, "no whole answer within 0.4 seconds after 3 attempts", false, 3},
      {"drips", {{whole, false, false, true}}, "no whole answer within 0.4 seconds after 3 attempts", false, 3},
      {"401", {status("401 Unauthorized")}, "it refuses the key (status 401)", false, 1},
      {"403", {status("403 Forbidden")}, "it refuses the key (status 403)", false, 1},
      {"404", {status("404 Not Found")}, "no such path or no model 'grader' (status 404)", false, 1},
      {"400", {status("400 Bad Request")}, "it refuses the request (status 400): not today", true, 1},
      {"429, then an answer", {status("429 Too Many Requests"), {whole}}, "4", false, 2, true},
      {"429 that says when", {status("429 Too Many Requests", "Retry-After: 7\r\n"), {whole}}, "4", false, 2, true},
      {"429 for an hour",
       {status("429 Too Many Requests", "Retry-After: 3600\r\n")},
       "asks to wait 3600 seconds",
       false,
       1},
      {"endless 429", {status("429 Too Many Requests")}, "status 429 after 3 attempts", false, 3},
      {"500, then an answer", {status("500 Internal Server Error"), {whole}}, "4", false, 2, true},
      {"endless 500", {status("500 Internal Server Error")}, "status 500 after 3 attempts", false, 3},
      {"JSON that is cut", {body(R"({"choices":[{"message":{"content":"4)")}, "the answer is no JSON", true, 1},
      {"another content type", {body("4", "Content-Type: text/plain\r\n")}, "answers with 'text/plain'", false, 1},
      {"a web page",
       {body("<html>Sign in</html>", "Content-Type: text/html; charset=utf-8\r\n")},
       "text/html",
       false,
       1},
      {"a web page without a type", {body("<html>Sign in</html>", "")}, "the answer is no JSON", true, 1},
      {"nothing", {body("")}, "the answer is empty", true, 1},
      {"no choice", {body(R"({"choices":[]})")}, "the answer has no choice", true, 1},
      {"no text",
       {body(R"({"choices":[{"message":{"content":null},"finish_reason":"length"}]})")},
       "no text (finish_reason: 'length')",
       true,
       1},
      {"too long an answer", {body(long_text)}, "an answer of more than 20000 bytes", false, 1},
      {"reset within the answer", {{whole.substr(0, whole.size() - 5), true}}, "the connection broke", false, 3},
      {"closed within the answer", {{whole.substr(0, whole.size() - 5)}}, "the connection broke", false, 3},
      {"no HTTP", {{"hello\r\n\r\n"}}, "the connection broke", false, 3},
      {"redirect",
       {status("302 Found", "Location: http://elsewhere.test/chat?token=1\r\n")},
       "redirects to 'http://elsewhere.test/chat' (status 302)",
       false,
       1},
      {"no UTF-8",
       {body("{\"choices\":[{\"message\":{\"content\":\"\xff\"}}]}")},
       "the answer is no JSON in UTF-8",
       true,
       1},
      {"another schema", {body(R"({"output":"4"})")}, "has no list 'choices'", true, 1},
      {"a list", {body("[1, 2]")}, "has no list 'choices'", true, 1},
      {"numbers beyond all", {body(R"({"choices":[{"message":{"content":7}}],"x":1e999})")}, "no JSON", true, 1},
      {"an error in the answer", {body(R"({"error":{"message":"overloaded"}})")}, "is an error: overloaded", true, 1},
      {"nested too deeply", {body(std::string(5000, '['))}, "no JSON", true, 1},
      {"the key in an error", {body(with_key(R"({"error":"bad key KEY"})"))}, "is an error: bad key [key]", true, 1},
      {"the key in a refusal",
       {{http_bytes("400 Bad Request", with_key(R"({"error":{"message":"Bearer KEY is odd"}})"))}},
       "(status 400): Bearer [key] is odd",
       true,
       1},
      {"the key in escapes",
       {body(R"({"error":"bad key \u0073k-test-0123456789abcdef"})")},
       "is an error: bad key [key]",
       true,
       1},
      {"the key at the edge of a long error",
       {body(with_key(R"({"error":")" + std::string(140, 'x') + R"( KEY ")" + R"(})"))},
       "is an error: xxx",
       true,
       1},
      {"the key in broken JSON", {body(with_key(R"({"KEY":1,"KEY)"))}, "the answer is no JSON", true, 1},
      {"the key in a redirect",
       {status("307 Temporary Redirect", with_key("Location: http://elsewhere.test/KEY\r\n"))},
       "redirects to 'http://elsewhere.test/[key]'",
       false,
       1},
      {"the key in a content type", {body("4", with_key("Content-Type: text/KEY\r\n"))}, "text/[key]", false, 1},
      {"the key in the answer", {{chat_bytes("4, said " + secret)}}, "4, said [key]", false, 1, true},
  };
}

}  // namespace

TEST_CASE("http client: every fault of an endpoint ends in one clear error or an answer, without the key", "[judge]") {
  for (const Fault& fault : faults()) {
    DYNAMIC_SECTION(fault.name) {
      FakeEndpoint endpoint(fault.replies);
      Asker asker;
      if (fault.replies[0].hangs || fault.replies[0].drips) asker.limits.seconds = 0.4;
      HttpJudge judge = asker.judge(endpoint.url(), {secret, "the test"});
      const Outcome outcome = ask(judge);
      INFO(outcome.error);
      if (fault.is_answered) {
        CHECK(outcome.text == fault.expected);
        CHECK(outcome.error.empty());
      } else {
        CHECK_THAT(outcome.error, Catch::StartsWith("[quantlens.judge] the judge at " + endpoint.url() + ": "));
        CHECK_THAT(outcome.error, Catch::Contains(fault.expected));
        CHECK(outcome.is_of_item == fault.is_of_item);
        CHECK(asker.written().empty());
      }
      CHECK(endpoint.requests().size() == fault.n_requests);
      CHECK(judge.n_requests() == fault.n_requests);
      // Not even a part of it.
      CHECK_THAT(outcome.error + asker.written(), !Catch::Contains(secret.substr(3, 12)));
      for (const std::string& request : endpoint.requests())
        CHECK_THAT(request, Catch::Contains("Authorization: Bearer " + secret));
    }
  }
}

TEST_CASE("http client: attempts wait 1, 2, ... seconds, or as long as the endpoint asks for", "[judge]") {
  Asker asker;
  {
    FakeEndpoint endpoint({status("500 Oops")});
    HttpJudge judge = asker.judge(endpoint.url(), {});
    static_cast<void>(ask(judge));
    CHECK(asker.waits == std::vector<double>{1, 2});
  }
  asker.waits.clear();
  FakeEndpoint endpoint({status("503 Busy", "Retry-After: 7\r\n"),
                         status("503 Busy", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n"),
                         {chat_bytes("2")}});
  HttpJudge judge = asker.judge(endpoint.url(), {});
  CHECK(ask(judge).text == "2");
  CHECK(asker.waits == std::vector<double>{7, 2});
}

TEST_CASE("http client: nobody listens", "[judge]") {
  Asker asker;
  std::string url;
  { url = FakeEndpoint({{""}}).url(); }  // a port that is free again
  HttpJudge judge = asker.judge(url, {});
  const Outcome outcome = ask(judge);
  CHECK_THAT(outcome.error, Catch::Contains("no connection; is it running") && Catch::Contains("after 3 attempts"));
  CHECK_FALSE(outcome.is_of_item);
}

TEST_CASE("http client: TLS is spoken where the URL says so, and certificates are asked for", "[judge]") {
  FakeEndpoint endpoint({{chat_bytes("4")}});  // speaks no TLS
  Asker asker;
  HttpJudge judge = asker.judge("https" + endpoint.url().substr(4), {secret, "the test"});
  CHECK_THAT(ask(judge).error, Catch::Contains("SSL"));
  for (const std::string& request : endpoint.requests()) CHECK_THAT(request, !Catch::Contains(secret));
}

TEST_CASE("http client: what is asked is the chat, greedily", "[judge]") {
  FakeEndpoint endpoint({{chat_bytes("4")}});
  Asker asker;
  HttpJudge judge = asker.judge(endpoint.url() + "/proxy", {});
  CompletionRequest request{{{{"system", "Be brief."}, {"user", "Rate \"it\"."}}, ""}, 12};
  const Completion answer = judge.complete({&request, 1}).at(0);
  CHECK(answer.text == "4");
  CHECK(answer.n_prompt_tokens == 30);
  CHECK(answer.n_tokens == 2);
  CHECK(answer.stopped);
  CHECK(judge.counters().prompt_tokens == 30);
  const std::string sent = endpoint.requests().at(0);
  CHECK_THAT(sent, Catch::StartsWith("POST /proxy/v1/chat/completions HTTP/1.1\r\n"));
  CHECK_THAT(sent, !Catch::Contains("Authorization"));
  CHECK(nlohmann::json::parse(sent.substr(sent.find("\r\n\r\n") + 4)) ==
        nlohmann::json::parse(R"({"model":"grader","max_tokens":12,"temperature":0,"messages":[
          {"role":"system","content":"Be brief."},{"role":"user","content":"Rate \"it\"."}]})"));
}

TEST_CASE("http client: the budget ends the asking before a request is sent", "[judge]") {
  FakeEndpoint endpoint({{chat_bytes("4")}});
  Asker asker;
  SECTION("of requests") {
    asker.max_requests = 2;
    HttpJudge judge = asker.judge(endpoint.url(), {});
    for (const char* text : {"a", "b"}) CHECK(ask(judge, question(text)).text == "4");
    CHECK_THAT(ask(judge, question("c")).error,
               Catch::Contains("the budget of 2 requests is spent; raise --judge-max-requests"));
    CHECK(ask(judge, question("a")).text == "4");  // what is known costs nothing
    CHECK(endpoint.requests().size() == 2);
  }
  SECTION("of requests, those that fail included") {
    FakeEndpoint failing({status("500 Oops")});
    asker.max_requests = 2;
    HttpJudge judge = asker.judge(failing.url(), {});
    CHECK_THAT(ask(judge).error, Catch::Contains("the budget of 2 requests is spent"));
    CHECK(failing.requests().size() == 2);
  }
  SECTION("of tokens") {
    asker.max_tokens = 64;  // an answer and its question take 32
    HttpJudge judge = asker.judge(endpoint.url(), {});
    for (const char* text : {"a", "b"}) CHECK(ask(judge, question(text)).text == "4");
    CHECK_THAT(ask(judge, question("c")).error, Catch::Contains("the budget of 64 tokens is spent (64 were used)"));
  }
}
