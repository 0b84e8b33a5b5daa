#include "quantlens/models/model_session.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "../runtime/model_fixtures.hpp"
#include "quantlens/io/data_folders.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// The tiny model with a chat template; its tokens are the bytes, <|bos|> is 256.
ModelFile chat_model(bool adds_bos) {
  ModelFile file = load_model(models_folder() / "tiny-llama");
  file.chat_template = "{{ bos_token }}{% for m in messages %}[{{ m['content'] }}]{% endfor %}";
  file.tokenizer.add_bos = adds_bos;
  return file;
}

/// The ids of a text, byte by byte: no merges, and nothing special in it.
std::vector<TokenId> plain(const ChatEncoder& encoder, const std::string& text) {
  std::vector<TokenId> ids;
  for (const char c : text) ids.push_back(encoder.tokenizer().encode(std::string(1, c)).at(0));
  return ids;
}

}  // namespace

TEST_CASE("a prompt without messages is bare text: no chat template, BOS only by the model's own rule") {
  const ChatEncoder with_bos(chat_model(true)), without_bos(chat_model(false));
  const Prompt prompt{{}, "The sky<|eos|>"};
  std::vector<TokenId> expected = plain(without_bos, "The sky<|eos|>");
  CHECK(expected.size() == 14);
  CHECK(without_bos.encode(prompt) == expected);
  expected.insert(expected.begin(), 256);
  CHECK(with_bos.encode(prompt) == expected);

  const Prompt chat{{{"user", "The sky"}}, ""};
  expected = plain(without_bos, "[The sky]");
  expected.insert(expected.begin(), 256);
  CHECK(with_bos.encode(chat) == expected);
  CHECK(without_bos.encode(chat) == expected);
}

TEST_CASE("a continuation of bare text is scored behind that text alone") {
  const ChatEncoder encoder(chat_model(false));
  const std::vector<ScoreRequest> requests = encoder.score_requests({{{}, "The sky "}, {"is", "was"}});
  REQUIRE(requests.size() == 2);
  for (const ScoreRequest& request : requests) CHECK(request.context == plain(encoder, "The sky "));
  CHECK(requests[0].continuation == plain(encoder, "is"));
  CHECK(requests[1].continuation == plain(encoder, "was"));
}

TEST_CASE("all continuations of a context start where the earliest of them does") {
  // Bytes, and "(!" as one token.
  ModelFile file = chat_model(true);
  file.tokenizer.merges = {{"(", "!"}};
  const auto merged = static_cast<TokenId>(file.tokenizer.tokens.size());
  file.tokenizer.tokens.emplace_back("(!");
  file.tokenizer.types.push_back(TokenType::normal);
  const ChatEncoder encoder(file);
  const auto with_bos = [&](const std::string& text) {
    std::vector<TokenId> ids = plain(encoder, text);
    ids.insert(ids.begin(), 256);
    return ids;
  };
  const std::vector<std::string> labels{"b)", "!)", "("};
  const auto requests = encoder.score_requests({{{}, "Is it ("}, labels});
  REQUIRE(requests.size() == 3);
  for (const ScoreRequest& request : requests) CHECK(request.context == with_bos("Is it "));
  CHECK(requests[0].continuation == plain(encoder, "(b)"));
  CHECK(requests[1].continuation == std::vector<TokenId>{merged, plain(encoder, ")").at(0)});
  CHECK(requests[2].continuation == plain(encoder, "(("));
  CHECK(encoder.score_requests({{{}, "Is it ("}, {"b)"}})[0].context == with_bos("Is it ("));

  // In a chat, nothing but tokens that span the join moves: no blank, no newline.
  const auto chat = encoder.score_requests({{{{"user", "x"}}, "\n"}, {"yes"}});
  CHECK(chat[0].context == with_bos("[x]\n"));
  CHECK(chat[0].continuation == plain(encoder, "yes"));

  // What is generated starts there, too, so that the token is the model's choice.
  const auto opening = encoder.opening({{{}, "Is it ("}, 8, labels});
  CHECK(opening.tokens == with_bos("Is it "));
  CHECK(opening.repeated == plain(encoder, "("));
  CHECK(encoder.opening({{{}, "Is it ("}, 8}).tokens == with_bos("Is it ("));

  CHECK_THROWS_AS(encoder.score_requests({{{}, "Is it ("}, {"b", ""}}), ItemError);
  CHECK(encoder.score_requests({{{}, ""}, {"a"}})[0].context == with_bos(""));
  CHECK_THROWS_AS(ChatEncoder(chat_model(false)).score_requests({{{}, ""}, {"a"}}), ItemError);
}

TEST_CASE("what a completion repeats of its prompt is no part of it") {
  const ModelSession session(find_model("refworld-small"), {.threads = 1});
  const auto model = session.build(parse_format("full"));
  const Prompt whole{{}, "topic: The"}, blank{{}, "topic: The "};
  const std::vector<CompletionRequest> asked{{whole, 5}, {blank, 4, {"striker"}}};
  const std::vector<Completion> completions = model->complete(asked);
  REQUIRE(completions[0].text.starts_with(' '));
  CHECK(completions[1].text == completions[0].text.substr(1));
  CHECK(completions[1].first_token == completions[0].first_token.substr(1));
}

// What transformers generates after "The sky" is the expectation of tests/tools/quantlens_cli_test.cpp, too.
TEST_CASE("a completion tells its first token, a score how many tokens are the greedy ones") {
  const ModelSession session(models_folder() / "tiny-llama", {.threads = 1});
  const auto model = session.build(parse_format("full"));
  const Prompt prompt{{}, "The sky"};
  const std::vector<CompletionRequest> asked{{prompt, 4}, {prompt, 0}};
  const std::vector<Completion> completions = model->complete(asked);
  CHECK(completions[0].text == "\x1b`\x0en");
  CHECK(completions[0].first_token == "\x1b");
  CHECK(completions[1].first_token.empty());

  const ContinuationRequest scored{prompt, {"\x1b`\x0en", "\x1b`xn", "x`\x0en"}};
  const std::vector<ScoreResult> scores = model->score({&scored, 1}).front();
  CHECK(scores[0].n_greedy == 4);
  CHECK(scores[0].greedy());
  CHECK(scores[1].n_greedy == 2);
  CHECK_FALSE(scores[1].greedy());
  CHECK(scores[2].n_greedy == 0);
}
