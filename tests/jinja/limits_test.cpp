// A template comes with a model file, so it may be anybody's: whatever it says, it must end soon with a typed error.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/jinja/chat_template.hpp"

using namespace quantlens;

namespace {

std::string repeat(std::size_t n, const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < n; ++i) result += text;
  return result;
}

/// An output of 20,000 levels.
std::string around(const std::string& open, const std::string& inner, const std::string& close) {
  return "{{ " + repeat(20000, open) + inner + repeat(20000, close) + " }}";
}

/// Parsing or rendering refuses; `fragment` is part of the message.
void check_bounded(const std::string& name, const std::string& source, const std::string& fragment,
                   const nlohmann::ordered_json& context = nlohmann::ordered_json::object()) {
  INFO("case: " << name);
  try {
    const std::string text = ChatTemplate(source).render(context);
    FAIL_CHECK("rendered " << text.size() << " bytes");
  } catch (const InputError& error) {
    CHECK(error.id() == "template");
    CHECK_THAT(error.what(), Catch::Contains(fragment));
  }
}

}  // namespace

TEST_CASE("deep nesting of every kind of syntax is refused, not followed") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"parentheses", around("(", "1", ")")},
      {"lists", around("[", "", "]")},
      {"dicts", around("{1:", "1", "}")},
      {"not", "{{ " + repeat(20000, "not ") + "1 }}"},
      {"minus", "{{ " + repeat(60000, "- ") + "1 }}"},
      {"plus", "{{ 1" + repeat(60000, "+1") + " }}"},
      {"power", "{{ 1" + repeat(60000, "**1") + " }}"},
      {"concat", "{{ 1" + repeat(60000, "~1") + " }}"},
      {"and", "{{ 1" + repeat(60000, " and 1") + " }}"},
      {"or", "{{ 1" + repeat(60000, " or 1") + " }}"},
      {"attributes", "{{ x" + repeat(60000, ".x") + " }}"},
      {"subscripts", "{{ x" + repeat(60000, "[0]") + " }}"},
      {"nested subscripts", around("x[", "0", "]")},
      {"calls", "{{ dict" + repeat(60000, "()") + " }}"},
      {"nested calls", around("dict(", "", ")")},
      {"filters", "{{ x" + repeat(60000, "|trim") + " }}"},
      {"tests", around("1 is eq(", "1", ")")},
      {"conditionals", "{{ " + repeat(20000, "1 if 1 else ") + "1 }}"},
      {"conditionals to the left", "{{ 1" + repeat(20000, " if 1") + " }}"},
      {"if", repeat(20000, "{% if 1 %}")},
      {"for", repeat(20000, "{% for x in [1] %}")},
      {"macro", repeat(20000, "{% macro m() %}")},
      {"set", repeat(20000, "{% set x %}")},
      {"with", repeat(20000, "{% with %}")},
      {"filter blocks", repeat(20000, "{% filter trim %}")},
      {"filtered set", "{% set x " + repeat(20000, "|trim") + " %}{% endset %}"},
  };
  for (const auto& [name, source] : cases) check_bounded(name, source, "nested deeper than");
  for (const char* open : {"{{(", "{{ [", "{{ {", "{{ x[", "{{ dict(", "{{ 'a", "{# ", "{% raw %}"})
    check_bounded(open, repeat(20000, open), "closed");
}

TEST_CASE("endless work ends") {
  const std::string loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}";
  const std::string steps = "steps of work";
  check_bounded("nested loops", loops + repeat(3, "{% endfor %}"), steps);
  check_bounded("loops that put out nothing", loops + "{{ '' }}" + repeat(3, "{% endfor %}"), steps);
  check_bounded("a macro that calls itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "nested deeper than");
  check_bounded("a macro that calls itself twice at each level",
                "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}", steps);
  check_bounded("macros that call each other",
                "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
                "nested deeper than");
  check_bounded("a default that calls its macro", "{% macro m(x=m()) %}{% endmacro %}{{ m() }}", "nested deeper than");
  check_bounded(
      "a call block around itself",
      "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}",
      "nested deeper than");
}

TEST_CASE("texts and lists cannot outgrow memory") {
  const std::string bytes = "a text of more than";
  check_bounded("doubling a text",
                "{% set ns = namespace(t='ab') %}{% for i in range(99) %}{% set ns.t = ns.t + ns.t %}{% endfor %}",
                bytes);
  check_bounded("doubling by concatenation",
                "{% set ns = namespace(t='ab') %}{% for i in range(99) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}",
                bytes);
  check_bounded("a text times a number", "{{ 'ab' * 9999999999 }}", bytes);
  check_bounded("the largest number", "{{ 9223372036854775807 * 'ab' }}", bytes);
  check_bounded("a replacement", "{% set t = 'a' * 100000 %}{{ t.replace('a', t) }}", bytes);
  check_bounded("a replacement of nothing", "{% set t = 'a' * 100000 %}{{ t | replace('', t) }}", bytes);
  check_bounded("a join", "{% set t = 'a' * 100000 %}{{ t | join(t) }}", bytes);
  check_bounded("an indent", "{{ ('\\n' * 100000) | indent(100000, blank=true) }}", bytes);
  check_bounded("indented JSON", "{{ range(1000) | list | tojson(indent=100000) }}", bytes);
  check_bounded("output", "{% set t = 'a' * 10000000 %}{{ t }}{{ t }}", bytes);
  check_bounded("output by a macro",
                "{% macro m() %}{% for i in range(99) %}{{ 'a' * 1000000 }}{% endfor %}{% endmacro %}{{ m() }}", bytes);
  check_bounded("a list times a number", "{{ [1] * 9999999999 }}", "a list of more than");
  check_bounded("doubling a list",
                "{% set ns = namespace(t=[1, 2]) %}{% for i in range(99) %}{% set ns.t = ns.t + ns.t %}{% endfor %}",
                "steps of work");
  check_bounded("a range", "{{ range(10000000000) }}", "a range of more than");
  check_bounded("a range backwards", "{{ range(0, -9223372036854775807, -1) }}", "a range of more than");
  check_bounded("nested lists",
                "{% set ns = namespace(t=[]) %}{% for i in range(99999) %}{% set ns.t = [ns.t] %}{% endfor %}",
                "values nested deeper than");
  check_bounded("nested dicts",
                "{% set ns = namespace(t=[]) %}{% for i in range(99999) %}{% set ns.t = {1: ns.t} %}{% endfor %}",
                "values nested deeper than");
  check_bounded("a source of more than a mebibyte", repeat(1050000, "a"), "bytes; at most");
}

TEST_CASE("shared parts of a value are not walked exponentially often") {
  const std::string build =
      "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(90) %}"
      "{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}";
  check_bounded("equality", build + "{{ ns.a == ns.b }}", "steps of work");
  check_bounded("order", build + "{{ ns.a < ns.b }}", "steps of work");
  check_bounded("membership", build + "{{ ns.a in [ns.b] }}", "steps of work");
  check_bounded("printing", build + "{{ ns.a }}", "a text of more than");
  check_bounded("JSON", build + "{{ ns.a | tojson }}", "steps of work");
}

TEST_CASE("searching a text for a text is not quadratic") {
  const std::string build = "{% set t = 'a' * 5000000 %}{% set s = 'a' * 2000000 ~ 'b' %}";
  for (const char* search : {"{{ s in t }}", "{{ t.find(s) }}", "{{ t.replace(s, '') }}", "{{ t.split(s) }}",
                             "{{ t.count(s) }}", "{{ t.rfind(s) }}", "{{ t.strip(s) }}", "{{ t | trim(s) }}"})
    check_bounded(search, build + search, "steps of work");
  check_bounded("many short searches",
                "{% set t = 'a' * 5000000 %}{% for i in range(99999) %}{{ 'b' in t }}{{ t[1000000] }}{{ t[-1000000] "
                "}}{{ t | length "
                "}}{% endfor %}",
                "steps of work");
  nlohmann::ordered_json large = nlohmann::ordered_json::object();
  for (int i = 0; i < 20000; ++i) large.push_back({std::to_string(i), i});
  check_bounded("many lookups in a large dict", "{% for i in range(99999) %}{{ d.x }}{{ 'x' in d }}{% endfor %}",
                "steps of work", {{"d", large}});
}

TEST_CASE("numbers stay within 64 bits") {
  for (const char* sum : {"9223372036854775807 + 1", "-9223372036854775807 - 2", "9223372036854775807 * 2", "10 ** 19",
                          "(-9223372036854775807 - 1) // -1", "(-9223372036854775807 - 1) | abs",
                          "3 ** 9223372036854775807", "1e300 | int", "-(-9223372036854775807 - 1)"})
    check_bounded(sum, "{{ " + std::string(sum) + " }}", "64 bits");
  check_bounded("a number in the source", "{{ 99999999999999999999 }}", "out of range");
  check_bounded("a float in the source", "{{ 1e999 }}", "out of range");
  CHECK(ChatTemplate(
            "{{ (-1) ** 9223372036854775807 }} {{ 'abc'[::9223372036854775807] }} "
            "{{ 'abc'[9223372036854775807:] }}{{ 'abc'[-9223372036854775807:] }} {{ 'abc'[9223372036854775807] }}")
            .render(nlohmann::ordered_json::object()) == "-1 a abc ");
}

TEST_CASE("a deep context is refused") {
  nlohmann::ordered_json deep = 1;
  for (int i = 0; i < 5000; ++i) deep = nlohmann::ordered_json::array({std::move(deep)});
  check_bounded("context", "{{ x }}", "values nested deeper than", {{"x", std::move(deep)}});
}

TEST_CASE("the work of ordinary chats is far from the limits") {
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  for (int i = 0; i < 2000; ++i)
    messages.push_back(
        {{"role", i % 2 == 0 ? "user" : "assistant"}, {"content", std::string(2000, 'x') + "</think> y"}});
  const ChatTemplate chat(
      "{%- for m in messages %}{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{- raise_exception('order') }}"
      "{%- endif %}{%- set content = m.content.split('</think>')[-1].lstrip('\\n') | trim %}"
      "{{- '<|im_start|>' + m.role + '\\n' + m.content + content + '<|im_end|>\\n' }}{%- endfor %}");
  CHECK(chat.render({{"messages", messages}}).size() > 4'000'000);
}
