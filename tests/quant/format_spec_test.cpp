#include "quantlens/quant/format_spec.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "quantlens/quant/grid.hpp"

using namespace quantlens;
using Catch::Matchers::Contains;

TEST_CASE("canonical names survive a round trip") {
  const std::string name = GENERATE(
      "full", "native", "native-a8", "rtn-w8", "rtn-w4-g64", "rtn-w4-g64-sym", "rtn-w8-asym", "rtn-w2-g32-a8",
      "gptq-w4-g128", "gptq-w3-g64-asym-act", "gptq-w4-g64-act-static-a8", "gptq-w3-g64-minmax",
      "gptq-w4-act-static-minmax-damp10-a8", "gptq-w4-damp0", "awq-w4-g64", "awq-w3-g32-sym-original", "hqq-w2-g64",
      "bnb-nf4", "bnb-nf4-g128-dq", "bnb-fp4-dq", "bnb-int8", "int8-weight-only", "int8-weight-only-a8", "gguf-q4_0",
      "gguf-f16", "gptq-w4-g64;blocks.*.attn.v=rtn-w8;lm_head=full", "rtn-w4-g64;blocks.*.attn.v=rtn-w8;lm_head=full");
  CHECK(parse_format(name).name() == name);
}

TEST_CASE("defaults: asymmetric below 8 bit, symmetric at 8") {
  CHECK_FALSE(parse_format("rtn-w4").symmetric);
  CHECK(parse_format("rtn-w8").symmetric);
  CHECK(parse_format("rtn-w4-asym").name() == "rtn-w4");
  CHECK(parse_format("rtn-w8-sym").name() == "rtn-w8");
  CHECK_FALSE(parse_format("awq-w4-g64").symmetric);
  CHECK(parse_format("gptq-w4-g64").symmetric);
  CHECK(parse_format("gptq-w4-g64-sym").name() == "gptq-w4-g64");
  CHECK(parse_format("gptq-w4-damp1").name() == "gptq-w4");
  CHECK(parse_format("bnb-nf4-g64").name() == "bnb-nf4");
}

TEST_CASE("bad names are refused with what is wrong") {
  CHECK_THROWS_WITH(parse_format("rtm-w4"), Contains("did you mean 'rtn'"));
  CHECK_THROWS_WITH(parse_format("full-a8"), Contains("native-a8"));
  CHECK_THROWS_WITH(parse_format("rtn-w5"), Contains("no 5-bit codes"));
  CHECK_THROWS_WITH(parse_format("rtn-w4-g24"), Contains("multiple of 32"));
  CHECK_THROWS_WITH(parse_format("rtn-w4-abf16"), Contains("not available"));
  for (const char* name : {"",
                           "rtn",
                           "rtn-w4-w8",
                           "rtn-g64",
                           "full-w4",
                           "rtn-w4-a8-g64",
                           "rtn-w99999999",
                           "rtn-w",
                           "rtn-w4;=full",
                           "rtn-w4;lm_head",
                           "rtn-w4-act",
                           "native-sym",
                           "gptq",
                           "gptq-g64-w4",
                           "gptq-w4-act-g64",
                           "gptq-w4-original",
                           "gptq-w4-damp",
                           "gptq-w4-damp0.05",
                           "gptq-w4-damp5-minmax",
                           "gptq-w4-damp101",
                           "rtn-w4-damp5",
                           "awq-w4-act",
                           "awq-w2",
                           "bnb",
                           "bnb-nf4-w4",
                           "bnb-nf4-g48",
                           "bnb-nf4-g8192",
                           "bnb-int8-dq",
                           "hqq-w4-sym",
                           "gguf-q4_0-g32",
                           "gguf",
                           "gguf-f16-a8",
                           "bnb-fp4-a8"})
    CHECK_THROWS_AS(parse_format(name), InputError);
}

TEST_CASE("the last matching override wins, and a star stays between dots") {
  const FormatSpec plan = parse_format("rtn-w4-g64;blocks.*.attn.v=rtn-w8;blocks.3.attn.v=full");
  CHECK(plan.for_matrix("blocks.2.attn.v", plan).name() == "rtn-w8");
  CHECK(plan.for_matrix("blocks.3.attn.v", plan).name() == "full");
  CHECK(&plan.for_matrix("blocks.2.attn.q", plan) == &plan);
  CHECK_FALSE(matches_pattern("blocks.*", "blocks.2.attn.v"));
}

TEST_CASE("damping is part of the scheme") {
  CHECK(parse_format("gptq-w4-damp5").gptq.damping_percent == 5);
  CHECK_FALSE(parse_format("gptq-w4-damp5").same_scheme(parse_format("gptq-w4")));
}

TEST_CASE("a scheme has the options of every method, and values for those of its own") {
  const auto scheme = [](const char* name) {
    std::map<std::string, std::string, std::less<>> values;
    for_each_option(parse_format(name), [&](std::string_view key, const SchemeValue* value) {
      values[std::string(key)] = value == nullptr ? "" : std::visit([](auto v) { return concat(v); }, *value);
    });
    return values;
  };
  using Values = std::map<std::string, std::string, std::less<>>;
  const Values none{{"act_order", ""}, {"static_groups", ""}, {"grids", ""},
                    {"damping", ""},   {"scale_rule", ""},    {"double_quant", ""}};
  CHECK(scheme("rtn-w4") == none);
  const auto with = [&](Values values) {
    values.insert(none.begin(), none.end());
    return values;
  };
  CHECK(scheme("gptq-w4") ==
        with({{"act_order", "0"}, {"static_groups", "0"}, {"grids", "searched"}, {"damping", "0.01"}}));
  CHECK(scheme("gptq-w4-act-static-minmax-damp5") ==
        with({{"act_order", "1"}, {"static_groups", "1"}, {"grids", "minmax"}, {"damping", "0.05"}}));
  CHECK(scheme("awq-w4") == with({{"scale_rule", "duo"}}));
  CHECK(scheme("awq-w4-original") == with({{"scale_rule", "inputs"}}));
  CHECK(scheme("bnb-nf4") == with({{"double_quant", "0"}}));
  CHECK(scheme("bnb-fp4-dq") == with({{"double_quant", "1"}}));
}

TEST_CASE("errors give the grammar with every option") {
  CHECK_THROWS_WITH(
      parse_format("rtn"),
      Contains("gptq-wB[-gG][-asym][-act][-static][-minmax][-dampP], awq-wB[-gG][-sym][-original] (B of") &&
          Contains("bnb-nf4[-gG][-dq], bnb-fp4[-gG][-dq], bnb-int8"));
  CHECK_THROWS_WITH(parse_format("gptq-w4-damp101"), Contains("at most 100 percent of the mean curvature"));
  CHECK_THROWS_WITH(parse_format("gptq-w4-damp"), Contains("'damp' holds no whole number"));
}

TEST_CASE("a plan needs calibration text where any of its parts does") {
  CHECK(parse_format("gptq-w4-g64").needs_calibration());
  CHECK(parse_format("rtn-w4;lm_head=awq-w4-g64").needs_calibration());
  CHECK_FALSE(parse_format("bnb-nf4;lm_head=hqq-w4").needs_calibration());
}

TEST_CASE("methods stand in the order of their enumerators") {
  for (const MethodInfo& info : method_infos) CHECK(&method_info(info.method) == &info);
}

TEST_CASE("a registered method is spelled, parsed and refused as those of the library are") {
  const QuantizeMatrix nothing = [](MatrixView<const float>, const IntegerCodes&) -> PackedMatrix {
    throw InputError("format", "not called");
  };
  static const RegisterMethod registered{{.name = "toy", .bits = true, .group = true, .quantize = nothing}};
  const FormatSpec format = parse_format("toy-w4-g64-a8");
  CHECK(format.name() == "toy-w4-g64-a8");
  CHECK(is_registered(format.method));
  CHECK(method_info(format.method).name == "toy");
  CHECK(chooses_codes(format.method));
  CHECK_FALSE(is_gguf(format.method));
  CHECK_FALSE(format.needs_calibration());
  CHECK_THROWS_WITH(parse_format("toy"), Catch::Contains("toy needs a bit width"));
  CHECK_THROWS_WITH(parse_format("toy-w4-sym"), Catch::Contains("does not belong here"));
  CHECK_THROWS_WITH(parse_format("toi-w4"), Catch::Contains("did you mean 'toy'?"));
  CHECK_THROWS_AS(register_method({.name = "toy", .bits = true, .quantize = nothing}), InputError);
  CHECK_THROWS_AS(register_method({.name = "rtn", .bits = true, .quantize = nothing}), InputError);
  CHECK_THROWS_AS(register_method({.name = "none", .bits = true}), InputError);
  CHECK_THROWS_AS(register_method({.name = "no-bits", .quantize = nothing}), InputError);
}
