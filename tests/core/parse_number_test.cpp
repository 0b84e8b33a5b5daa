#include "quantlens/core/parse_number.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace quantlens;

namespace {

template <class Parse>
std::string refusal(Parse&& parse) {
  try {
    static_cast<void>(parse());
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("whole numbers are digits alone, within their range") {
  CHECK(parse_whole_number("--n", "0", {0}) == 0);
  CHECK(parse_whole_number("--n", "18446744073709551615", {}) == 18446744073709551615u);
  CHECK(parse_whole_number("--n", "4", {2, 4}) == 4);
  for (const char* text : {"", "0", "-1", "+1", " 1", "1 ", "1.5", "1e3", "0x10", "010", "18446744073709551616"}) {
    CAPTURE(text);
    CHECK(refusal([&] { return parse_whole_number("--n", text, {}); }) ==
          concat("[quantlens.usage] --n takes a whole number from 1; got '", text, "'"));
  }
  for (const char* text : {"1", "5"})
    CHECK(refusal([&] {
            return parse_whole_number("--n", text, {2, 4});
          }) == concat("[quantlens.usage] --n takes a whole number from 2 to 4; got '", text, "'"));
}

TEST_CASE("real numbers lie within their range, which NaN does not") {
  CHECK(parse_real_number("--x", "0.25", {}) == 0.25);
  CHECK(parse_real_number("--x", "1e-3", {}) == 1e-3);
  for (const char* text : {"", "1.01", "-0.1", "nan", "inf", "0.5x", "1e999"}) {
    CAPTURE(text);
    CHECK(refusal([&] {
            return parse_real_number("--x", text, {0, 1, "share"});
          }) == concat("[quantlens.usage] --x takes a share from 0 to 1; got '", text, "'"));
  }
}
