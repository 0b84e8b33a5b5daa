#include "quantlens/text/regex_dialect.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "quantlens/text/pretokenizer.hpp"

using namespace quantlens;

TEST_CASE("patterns pass unchanged but for white space") {
  CHECK(to_pcre2(R"(\s+(?!\S)|[^\s\p{L}]|\\s)") ==
        R"(\p{White_Space}+(?!\P{White_Space})|[^\p{White_Space}\p{L}]|\\s)");
  const std::string same = R"((?i:'s|'ll)|(?:x)?[^\r\n\p{Lu}\p{N}0-9]*+\P{M}{1,3}|\d\t\[é(?=a))";
  CHECK(to_pcre2(same) == same);
}

TEST_CASE("PCRE2's own white space would differ from the reference at U+180E") {
  CHECK(Regex(R"(\s)").matches("\u180e"));
  CHECK_FALSE(Regex(to_pcre2(R"(\s)")).matches("\u180e"));
  for (const char* blank : {"\u0085", "\u3000", "\u00a0", "\u2028", "\x0b"})
    CHECK(Regex(to_pcre2(R"(\s)")).matches(blank));
  for (const char* other : {"\u200b", "\ufeff", "\x1c", "\u2060"}) CHECK_FALSE(Regex(to_pcre2(R"(\s)")).matches(other));
}

TEST_CASE("what the two engines read differently is refused by name") {
  for (const char* pattern :
       {R"(\w+)",     R"(\h)",    R"(\bx)",      R"(\R)",  R"(\x41)",   "\\",       // Escapes.
        R"(\p{Han})", R"(\p{C})", R"(\p{^L})",   R"(\pL)", R"(\p{Lx})", R"(\p{L)",  // Properties.
        "[a&&b]",     "[a[bc]]",  "[[:alpha:]]", "[]a]",   "[a",                    // Classes.
        "(?<=a)b",    "(?<!a)b",  "(?>a)",       "(?x:a)", "(?i)a",     "(?i:ss)", "(?i:Fl)", "(?i:\u00e9)",  // Groups.
        "a{2}+",      "a{1,2}?",  "a{,2}",       "a{",     "a{x}",  // Intervals.
        "a.",         "^a",       "a$"}) {
    INFO(pattern);
    CHECK_THROWS_AS(to_pcre2(pattern), InputError);
  }
  CHECK_THROWS_WITH(to_pcre2(R"(a\wb)"), Catch::Contains("at byte 1: '\\w'"));
}
