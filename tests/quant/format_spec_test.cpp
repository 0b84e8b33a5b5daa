#include "quantlens/quant/format_spec.hpp"

#include <catch2/catch.hpp>

using namespace quantlens;
using Catch::Matchers::Contains;

TEST_CASE("canonical names survive a round trip") {
  const std::string name = GENERATE("full", "native", "native-a8", "rtn-w8", "rtn-w4-g64", "rtn-w4-g64-sym",
                                    "rtn-w8-asym", "rtn-w2-g32-a8", "rtn-w4-g64;blocks.*.attn.v=rtn-w8;lm_head=full");
  CHECK(parse_format(name).name() == name);
}

TEST_CASE("defaults: asymmetric below 8 bit, symmetric at 8") {
  CHECK_FALSE(parse_format("rtn-w4").symmetric);
  CHECK(parse_format("rtn-w8").symmetric);
  CHECK(parse_format("rtn-w4-asym").name() == "rtn-w4");
  CHECK(parse_format("rtn-w8-sym").name() == "rtn-w8");
}

TEST_CASE("bad names are refused with what is wrong") {
  CHECK_THROWS_WITH(parse_format("rtm-w4"), Contains("did you mean 'rtn'"));
  CHECK_THROWS_WITH(parse_format("full-a8"), Contains("native-a8"));
  CHECK_THROWS_WITH(parse_format("rtn-w5"), Contains("no 5-bit codes"));
  CHECK_THROWS_WITH(parse_format("rtn-w4-g24"), Contains("multiple of 32"));
  CHECK_THROWS_WITH(parse_format("rtn-w4-abf16"), Contains("not available"));
  for (const char* name : {"", "rtn", "rtn-w4-w8", "rtn-g64", "full-w4", "rtn-w4-a8-g64", "rtn-w99999999", "rtn-w",
                           "rtn-w4;=full", "rtn-w4;lm_head", "rtn-w4-act", "native-sym"})
    CHECK_THROWS_AS(parse_format(name), InputError);
}

TEST_CASE("the last matching override wins, and a star stays between dots") {
  const FormatSpec plan = parse_format("rtn-w4-g64;blocks.*.attn.v=rtn-w8;blocks.3.attn.v=full");
  CHECK(plan.for_matrix("blocks.2.attn.v", plan).name() == "rtn-w8");
  CHECK(plan.for_matrix("blocks.3.attn.v", plan).name() == "full");
  CHECK(&plan.for_matrix("blocks.2.attn.q", plan) == &plan);
  CHECK_FALSE(matches_pattern("blocks.*", "blocks.2.attn.v"));
}
