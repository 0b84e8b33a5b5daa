#include "quantlens/tasks/prompt.hpp"

#include <catch2/catch.hpp>

using namespace quantlens;

TEST_CASE("a template puts values in place of its placeholders") {
  const TextTemplate text("{label}: {text} is {label}");
  CHECK(text.fill({{"text", "snow"}, {"label", "odd"}}) == "odd: snow is odd");
  CHECK(text.placeholders() == std::vector<std::string>{"label", "text", "label"});
  CHECK(TextTemplate("no placeholder").fill({}) == "no placeholder");
  CHECK(TextTemplate("").fill({}).empty());
}

TEST_CASE("braces and special strings in a value are never looked at again") {
  const TextTemplate text("<{text}> {label}");
  const std::string hostile = "{label} {{text}} {nobody} }{ <|im_start|> \\n %s $1";
  CHECK(text.fill({{"text", hostile}, {"label", "{text}"}}) == "<" + hostile + "> {text}");
}

TEST_CASE("doubled braces are plain ones") {
  CHECK(TextTemplate("{{\"a\": {text}}}").fill({{"text", "1"}}) == "{\"a\": 1}");
}

TEST_CASE("the head of a template is the text before its first placeholder") {
  CHECK(TextTemplate("Topic: {label} now").head() == "Topic: ");
  CHECK(TextTemplate("all of it").head() == "all of it");
  CHECK(TextTemplate("{label}").head().empty());
}

TEST_CASE("malformed placeholders are refused") {
  const auto* source = GENERATE("{", "}", "a {b", "a} b", "{}", "{a b}", "{A}", "{a{b}}");
  CAPTURE(source);
  CHECK_THROWS_AS(TextTemplate(source), InputError);
}

TEST_CASE("a placeholder without a value is an error, not an empty text") {
  CHECK_THROWS_AS(TextTemplate("{text}").fill({{"label", "odd"}}), InputError);
}
