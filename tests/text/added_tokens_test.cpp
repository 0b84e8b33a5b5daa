#include "quantlens/text/added_tokens.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace quantlens;
using Found = std::vector<std::string>;

namespace {

AddedToken token(const std::string& content) {
  AddedToken made;
  made.content = content;
  return made;
}

/// What each match covers.
Found find(const std::vector<AddedToken>& tokens, const std::string& text) {
  std::vector<AddedTokenSpelling> spellings;
  for (const AddedToken& each : tokens) spellings.push_back({&each, each.content});
  Found found;
  for (const auto& match : AddedTokenSet(spellings).find(text))
    found.push_back(text.substr(match.begin, match.end - match.begin));
  return found;
}

}  // namespace

TEST_CASE("the leftmost token wins, then the longest") {
  const std::vector<AddedToken> tokens = {token("<a"), token("<a>"), token("a>b"), token("<ab>c")};
  CHECK(find(tokens, "x<a>b<ab><a") == Found{"<a>", "<a", "<a"});
  CHECK(find(tokens, "<ab>c<ab>") == Found{"<ab>c", "<a"});
  CHECK(find(tokens, "a>").empty());
  CHECK(find(tokens, "").empty());
  CHECK(find({}, "<a>").empty());
}

TEST_CASE("white space goes along where a token strips it, but never what an earlier token has") {
  AddedToken left = token("<l>"), right = token("<r>");
  left.lstrip = true;
  right.rstrip = true;
  CHECK(find({left, right}, "a \u3000<l> b <r>\n\u00a0c") == Found{" \u3000<l>", "<r>\n\u00a0"});
  CHECK(find({left, right}, "<r>  <l>") == Found{"<r>  ", "<l>"});
}

TEST_CASE("a single word is not found inside another one") {
  AddedToken word = token("ing");
  word.single_word = true;
  CHECK(find({word}, "ing sing ings _ing ing- \u00e9ing ing\u0301 \u24b6ing 5ing") == Found{"ing", "ing"});
  CHECK(find({word}, "-ing\u20ac") == Found{"ing"});
}

TEST_CASE("an odd run of guard marks hides a token, an even one is text") {
  const std::vector<AddedToken> tokens = {token("<a>"), token("a>")};
  const std::string mark(guard_mark);
  CHECK(find(tokens, mark + "<a>") == Found{"a>"});
  CHECK(find(tokens, mark + mark + "<a>") == Found{"<a>"});
  CHECK(find(tokens, mark + mark + mark + "<" + mark + "a>").empty());
  CHECK(without_guards(mark + "a" + mark + mark + "b" + mark + mark + mark) == "a" + mark + "b" + mark);
  CHECK(guard_marks_before(mark + mark, 6) == 2);
  CHECK(guard_marks_before(mark + "a", 4) == 0);
}

TEST_CASE("a guard is needed wherever a token could begin or go on") {
  const AddedToken only = token("<end>");
  const AddedTokenSet set({{&only, only.content}});
  CHECK(set.may_begin_at("x<end>", 1));
  CHECK(set.may_begin_at("x<en", 1));
  CHECK_FALSE(set.may_begin_at("x<enx", 1));
  CHECK(set.may_continue_with("nd>"));
  CHECK_FALSE(set.may_continue_with("<"));
  CHECK_FALSE(set.may_continue_with(""));
}
