#include "quantlens/io/ggml_type.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace quantlens;

// Bytes per weight follow from each type's parts; those of the gguf package were compared when this was written.
TEST_CASE("the types that models are read from have ggml's block sizes") {
  const auto check = [](GgmlType type, const std::string& expected, std::size_t elements, std::size_t bytes) {
    CHECK(name(type) == expected);
    CHECK(block_elements(type) == elements);
    CHECK(block_bytes(type) == bytes);
    CHECK(is_supported(type));
    CHECK(is_quantized(type) == (elements > 1));
  };
  check(GgmlType::f32, "F32", 1, 4);
  check(GgmlType::f16, "F16", 1, 2);
  check(GgmlType::bf16, "BF16", 1, 2);
  check(GgmlType::q4_0, "Q4_0", 32, 2 + 16);
  check(GgmlType::q4_1, "Q4_1", 32, 2 + 2 + 16);
  check(GgmlType::q5_0, "Q5_0", 32, 2 + 4 + 16);
  check(GgmlType::q5_1, "Q5_1", 32, 2 + 2 + 4 + 16);
  check(GgmlType::q8_0, "Q8_0", 32, 2 + 32);
  check(GgmlType::q2_k, "Q2_K", 256, 2 + 2 + 16 + 64);
  check(GgmlType::q3_k, "Q3_K", 256, 2 + 12 + 32 + 64);
  check(GgmlType::q4_k, "Q4_K", 256, 2 + 2 + 12 + 128);
  check(GgmlType::q5_k, "Q5_K", 256, 2 + 2 + 12 + 32 + 128);
  check(GgmlType::q6_k, "Q6_K", 256, 2 + 16 + 64 + 128);
}

TEST_CASE("other types have a name and are not supported") {
  CHECK(name(GgmlType{15}) == "Q8_K");
  CHECK(name(GgmlType{39}) == "MXFP4");
  CHECK_FALSE(is_supported(GgmlType{15}));
  CHECK(find_ggml_type(4) == nullptr);
  CHECK(find_ggml_type(42) == nullptr);
  CHECK(name(GgmlType{4}) == "unknown");
  for (std::size_t i = 1; i < ggml_types.size(); ++i) CHECK(ggml_types[i - 1].id < ggml_types[i].id);
}
