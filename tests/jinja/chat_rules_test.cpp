#include "quantlens/jinja/chat_rules.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "quantlens/core/error.hpp"
#include "quantlens/jinja/chat_template.hpp"

using namespace quantlens;
using Json = nlohmann::ordered_json;

TEST_CASE("a template's rules are found out by rendering") {
  const ChatRules none = chat_rules("", "", "");
  CHECK(none.refusal.empty());
  CHECK_FALSE(none.system_in_user);
  CHECK(note_on(none).empty());

  const ChatRules all = chat_rules("{% for m in messages %}{{ m.role }}{% endfor %}", "", "");
  CHECK_FALSE(all.system_in_user);
  CHECK(note_on(all).empty());

  const char* strict =
      "{% for m in messages %}{% if m.role not in ['user', 'assistant'] %}{{ raise_exception('roles') }}{% endif %}"
      "{{ m.content }}{% endfor %}";
  CHECK(chat_rules(strict, "", "").system_in_user);
  CHECK_THAT(note_on(chat_rules(strict, "", "")), Catch::Contains("refuses a system role"));

  // Who refuses every chat does not refuse the system role alone.
  const ChatRules never = chat_rules("{{ raise_exception('never') }}", "", "");
  CHECK_FALSE(never.system_in_user);
  CHECK(never.refusal.empty());

  const ChatRules unreadable = chat_rules("a\n{% include 'x' %}", "", "");
  CHECK(unreadable.refusal == "the chat template cannot be read: line 2: unknown statement 'include'");
  CHECK_THAT(note_on(unreadable), Catch::StartsWith("chats will be refused: "));
}

TEST_CASE("a system text goes in front of the next user's, a blank line between") {
  const auto moved = [](Json messages) {
    put_system_in_user(messages);
    return messages;
  };
  const auto message = [](const char* role, const char* content) { return Json{{"role", role}, {"content", content}}; };
  const Json user = message("user", "Hi"), system = message("system", "Be kind."), answer = message("assistant", "x");
  CHECK(moved({system, user}) == Json::array({message("user", "Be kind.\n\nHi")}));
  CHECK(moved({system, answer, user, answer, user}) ==
        Json::array({answer, message("user", "Be kind.\n\nHi"), answer, user}));
  CHECK(moved({user, system, user}) == Json::array({user, message("user", "Be kind.\n\nHi")}));
  CHECK(moved({user, system}) == Json::array({user, system}));
  CHECK(moved(Json::array()) == Json::array());
  const Json parts = {{"role", "system"}, {"content", {{{"type", "text"}, {"text", "x"}}}}};
  CHECK(moved({parts, user}) == Json::array({parts, user}));
}

TEST_CASE("a chat that a template refuses is that chat's own fault, a template that is none everybody's") {
  const ChatTemplate raising("{{ raise_exception('no') }}");
  CHECK_THROWS_AS(raising.render(chat_context(Json::array(), true, "", "")), ItemError);
  try {
    static_cast<void>(ChatTemplate("{{ x | nosuch }}"));
    CHECK(false);
  } catch (const ItemError&) {
    CHECK(false);
  } catch (const InputError& error) {
    CHECK(error.id() == "template");
  }
}
