#include "quantlens/jinja/chat_template.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using namespace quantlens;
using Json = nlohmann::ordered_json;

namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string render(const std::string& source, const Json& context = Json::object()) {
  return ChatTemplate(source).render(context);
}

/// The message of the InputError that rendering ends with; empty where it doesn't.
std::string error_of(const std::string& source, const Json& context = Json::object()) {
  try {
    static_cast<void>(render(source, context));
    return "";
  } catch (const InputError& error) {
    CHECK(error.id() == "template");
    return error.what();
  }
}

}  // namespace

TEST_CASE("every feature renders byte for byte as jinja2 renders it") {
  const Json fixtures =
      Json::parse(read_text(std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/chat_template/cases.json"));
  std::size_t n_texts = 0, n_errors = 0;
  for (const Json& fixture : fixtures["cases"]) {
    const auto source = fixture["template"].get<std::string>();
    const Json& context = fixtures["contexts"][fixture["context"].get<std::string>()];
    INFO("case: " << fixture["name"].get<std::string>());
    if (fixture.contains("text")) {
      CHECK(render(source, context) == fixture["text"].get<std::string>());
      ++n_texts;
    } else {
      const std::string error = error_of(source, context);
      CHECK_FALSE(error.empty());
      CHECK_THAT(error, Catch::Contains(fixture.value("message", "")));
      ++n_errors;
    }
  }
  CHECK(n_texts >= 140);
  CHECK(n_errors >= 50);
}

TEST_CASE("errors name the line of what went wrong") {
  CHECK(error_of("a\nb {{ 1 }}\n{{ nosuch.x }}") == "[quantlens.template] line 3: 'nosuch' is undefined");
  CHECK(error_of("a\r\nb\r\n{% if %}") == "[quantlens.template] line 3: expected an expression, got '%}'");
  CHECK(error_of("{# a\n\n #}{{ 1 +\n\n'x' }}") == "[quantlens.template] line 3: `+` is not for a int and a str");
  CHECK(error_of("{% macro m() %}\n{{ raise_exception('no') }}{% endmacro %}\n\n{{ m() }}") ==
        "[quantlens.template] line 2: no");
  CHECK(error_of("{% raw %}\n\n{% endraw %}{%- set x = [\n1,\nboom.y] %}") ==
        "[quantlens.template] line 5: 'boom' is undefined");
  CHECK(error_of("\n{% for x in 5 %}\n{% endfor %}") ==
        "[quantlens.template] line 2: iteration is not for a value of kind int");
}

TEST_CASE("unknown names are refused when the template is parsed, even where nothing would reach them") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"filter", "{% if false %}{{ 'x' | upside_down }}{% endif %}"},
      {"test", "{% if false and x is upside_down %}{% endif %}"},
      {"function", "{% if false %}{{ upside_down(1) }}{% endif %}"},
      {"method", "{% if false %}{{ 'x'.upside_down() }}{% endif %}"},
      {"statement", "{% if false %}{% upside_down %}{% endif %}"},
  };
  for (const auto& [kind, source] : cases) {
    INFO(source);
    REQUIRE_THROWS_WITH(ChatTemplate(source), Catch::Contains("unknown " + kind + " 'upside_down'"));
  }
  CHECK_NOTHROW(ChatTemplate("{% macro upside_down() %}{% endmacro %}{{ upside_down() }}"));
  CHECK_THAT(error_of("{{ ['a'] | map('upside_down') | list }}"), Catch::Contains("unknown filter 'upside_down'"));
  CHECK_THAT(error_of("{{ ['a'] | select('upside_down') | list }}"), Catch::Contains("unknown test 'upside_down'"));
}

TEST_CASE("what Jinja has and this subset doesn't is refused by name") {
  for (const char* name : {"escape", "groupby", "batch", "pprint", "urlize", "attr", "format", "random"})
    CHECK_THAT(error_of("{{ [] | " + std::string(name) + " }}"),
               Catch::Contains("unknown filter '" + std::string(name)));
  for (const char* name : {"include", "extends", "import", "block", "autoescape", "do", "trans", "from"})
    CHECK_THAT(error_of("{% " + std::string(name) + " 'x' %}"),
               Catch::Contains("unknown statement '" + std::string(name)));
  CHECK_THAT(error_of("{% for x in [] recursive %}{% endfor %}"), Catch::Contains("recursive loops are not supported"));
  CHECK_THAT(error_of("{{ dict(**{}) }}"), Catch::Contains("not supported"));
  CHECK_THAT(error_of("{{ ''.__class__ }}"), Catch::Contains("'__class__' is refused"));
  CHECK_THAT(error_of("{{ ''['__class__'].x }}"), Catch::Contains("no attribute '__class__'"));
  CHECK_THAT(error_of("{{ 0x10 }}"), Catch::Contains("only decimal numbers"));
  CHECK_THAT(error_of("{{ strftime_now('%Q') }}"), Catch::Contains("%Q"));
  CHECK_THAT(error_of("{{ [].append(1) }}"), Catch::Contains("unknown method 'append'"));
}

TEST_CASE("a template or a context that is not well-formed text is refused") {
  CHECK_THROWS_AS(ChatTemplate("a \xff"), FormatError);
  CHECK_THAT(error_of("{{ x }}", Json{{"x", "\xc3"}}), Catch::Contains("UTF-8"));
  CHECK_THAT(error_of("{{ '\\ud800' }}"), Catch::Contains("broken escape"));
  CHECK_THAT(error_of("{{ '\\x4' }}"), Catch::Contains("broken escape"));
  CHECK_THAT(error_of("x", Json::array()), Catch::Contains("JSON object"));
  CHECK_THAT(error_of("x", Json{{"n", 18446744073709551615u}}), Catch::Contains("too large"));
}

TEST_CASE("what can be called cannot be stored where it would outlive what it needs") {
  for (const char* source :
       {"{% set ns = namespace() %}{% for x in [1] %}{% set ns.l = loop %}{% endfor %}{{ ns.l.index }}",
        "{% set ns = namespace() %}{% macro m() %}{% endmacro %}{% set ns.m = m %}",
        "{% set ns = namespace() %}{% set ns.self = ns %}", "{{ [range] }}", "{{ {'f': dict} }}",
        "{% set ns = namespace() %}{% for x in [1] %}{% set ns.c = loop.cycle %}{% endfor %}"})
    CHECK_THAT(error_of(source), Catch::Contains("cannot be stored inside another value"));
}

TEST_CASE("one template renders any number of contexts and copies share it") {
  const ChatTemplate original(
      "{% set ns = namespace(n=0) %}{% for x in xs %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}");
  const ChatTemplate copy = original;
  CHECK(original.render({{"xs", {1, 2, 3}}}) == "6");
  CHECK(copy.render({{"xs", {4}}}) == "4");
  CHECK(original.render({{"xs", Json::array()}}) == "0");
}
