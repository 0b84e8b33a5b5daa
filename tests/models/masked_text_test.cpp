#include "quantlens/models/masked_text.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace quantlens;

namespace {

//                       0123456789012345678
const std::string text = "Which state borders?";
const std::vector<TextSpan> words{{0, 5}, {6, 11}, {12, 19}};

std::string masked(const std::vector<bool>& kept) { return masked_text(text, words, kept, "..."); }

}  // namespace

TEST_CASE("masked text: a run of hidden spans becomes one mask, and what is in no span stays") {
  CHECK(masked({true, true, true}) == text);
  CHECK(masked({false, true, true}) == "... state borders?");
  CHECK(masked({true, false, true}) == "Which ... borders?");
  CHECK(masked({true, false, false}) == "Which ...?");
  CHECK(masked({false, false, true}) == "... borders?");
  CHECK(masked({false, true, false}) == "... state ...?");
  CHECK(masked({false, false, false}) == "...?");
}

TEST_CASE("masked text: text between hidden spans that is no blank keeps them apart") {
  CHECK(masked_text("a, b", std::vector<TextSpan>{{0, 1}, {3, 4}}, {false, false}, "_") == "_, _");
  CHECK(masked_text("ab", std::vector<TextSpan>{{0, 1}, {1, 2}}, {false, false}, "_") == "_");
  CHECK(masked_text("", {}, {}, "_").empty());
}

TEST_CASE("masked text: spans that are out of order, overlap or reach beyond the text are refused") {
  const auto mask = [](const std::vector<TextSpan>& spans) {
    return masked_text("abc", spans, std::vector<bool>(spans.size()), "_");
  };
  CHECK_THROWS_WITH(mask({{1, 2}, {0, 1}}), Catch::Contains("span 1 [0, 1) of a text of 3 bytes"));
  CHECK_THROWS_WITH(mask({{0, 2}, {1, 3}}), Catch::Contains("do not overlap"));
  CHECK_THROWS_AS(mask({{2, 4}}), InputError);
  CHECK_THROWS_AS(mask({{2, 1}}), InputError);
  CHECK_THROWS_AS(masked_text("abc", std::vector<TextSpan>{{0, 1}}, {}, "_"), InputError);
}

TEST_CASE("masked requests: each variant is a prompt of its own with the same continuations") {
  MaskedRequest request;
  request.prompt = {{{"system", "Which"}, {"user", text}}, "A:"};
  request.spans = words;
  request.variants = {{true, true, true}, {false, true, true}};
  request.continuations = {" x", " y"};
  const auto requests = masked_requests(request);
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].prompt == request.prompt);
  CHECK(requests[1].prompt.messages[0].content == "Which");
  CHECK(requests[1].prompt.messages[1].content == "... state borders?");
  CHECK(requests[1].prompt.answer_prefix == "A:");
  CHECK(requests[1].continuations == request.continuations);
  request.prompt = {{}, text};
  CHECK(masked_requests(request)[1].prompt.answer_prefix == "... state borders?");
}
