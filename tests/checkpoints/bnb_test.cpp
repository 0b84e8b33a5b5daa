#include "quantlens/checkpoints/bnb.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/refusal.hpp"
#include "checkpoint_matrices.hpp"

using namespace quantlens;
using namespace quantlens::test;
using nlohmann::json;

namespace {

BnbConfig config_of(std::string_view type, bool double_quant = false) {
  BnbConfig config;
  config.four_bit = true;
  config.quant_type = type;
  config.double_quant = double_quant;
  return config;
}

OutputTensors with_state(OutputTensors tensors, const std::string& type, const json& more) {
  json state = {{"quant_type", type}, {"blocksize", 64}, {"dtype", "float32"}, {"shape", {4, 64}}};
  state.update(more);
  const std::string text = state.dump();
  return with_tensor(std::move(tensors), "m.weight.quant_state.bitsandbytes__" + type, "U8", {text.size()},
                     std::vector<char>(text.begin(), text.end()));
}

}  // namespace

TEST_CASE("NF4 and FP4 tensors read back to the same codes and values") {
  const auto check = [](const PackedMatrix& codes, const std::string& scheme) {
    CAPTURE(scheme);
    const WrittenModule written(bnb_4bit_tensors("m", codes));
    const auto read = read_bnb_4bit(written.module(), config_of(scheme.substr(4, 3)));
    check_equal(*read.matrix.codes, codes);
    CHECK(read.scheme == scheme);
  };
  check(random_matrix<Nf4, 4>(6, 128, 64, 1), "bnb-nf4");
  check(random_matrix<Fp4, 4>(5, 192, 64, 2), "bnb-fp4");
  check(random_matrix<Nf4, 4>(3, 256, 128, 3), "bnb-nf4-g128");
  check(random_matrix<Nf4, 4>(3, 96, 32, 4), "bnb-nf4-g32");
}

TEST_CASE("the first of two codes lies in the high nibble") {
  // The block and its codes: x[i] = ((7 i mod 64) - 31.5) / 16 as bitsandbytes quantizes it to NF4.
  const std::vector<std::uint8_t> codes{0,  1,  2,  4,  6,  8,  11, 13, 14, 15, 1,  2,  3,  5,  8,  11,
                                        13, 14, 15, 1,  1,  3,  5,  8,  10, 12, 14, 15, 0,  1,  3,  5,
                                        7,  10, 12, 14, 15, 0,  1,  2,  4,  7,  10, 12, 14, 15, 0,  1,
                                        2,  4,  6,  9,  12, 13, 14, 0,  1,  2,  4,  6,  9,  11, 13, 14};
  PackedMatrix matrix = pack<Nf4, 4>(1, 64, 0);
  matrix.scale(0, 0) = 1.96875f;
  matrix.set_row_codes(0, codes);
  const PackedMatrix any = matrix;
  const WrittenModule written(bnb_4bit_tensors("m", any));
  std::string hex;
  for (const std::byte byte : written["weight"].bytes()) {
    const auto value = std::to_integer<unsigned>(byte);
    for (const unsigned nibble : {value >> 4, value & 15u}) hex += "0123456789abcdef"[nibble];
  }
  CHECK(hex == "012468bdef12358bdef11358acef01357acef01247acef012469cde012469bde");
  std::vector<float> row(64);
  read_bnb_4bit(written.module(), config_of("nf4")).matrix.codes->decode_row(0, row);
  CHECK(row[0] == -1.96875f);
  CHECK(row[1] == Approx(-1.37062955).epsilon(1e-7));
  CHECK(row[5] == Approx(0.15667371).epsilon(1e-7));
}

TEST_CASE("blocks that straddle rows split into groups where they can, else the values are decoded") {
  // Two rows of 96 are three blocks of 64: groups of 32 whose scales agree two by two.
  PackedMatrix matrix = random_matrix<Nf4, 4>(2, 96, 32, 5);
  for (std::size_t i = 0; i < 6; ++i) matrix.scale(i / 3, i % 3) = static_cast<float>(i / 2 + 1);
  const PackedMatrix codes = matrix;
  const WrittenModule written(bnb_4bit_tensors("m", codes));
  CHECK(written["weight.absmax"].shape() == std::vector<std::uint64_t>{3});
  const auto read = read_bnb_4bit(written.module(), config_of("nf4"));
  check_equal(*read.matrix.codes, codes);
  CHECK(read.scheme == "bnb-nf4");
  // 32 bits for a block of 64.
  CHECK(read.matrix.codes->bits_per_weight() == 4.5);

  // Rows of 40 in blocks of 64: element 64 is the 25th of row 1.
  const PackedMatrix other = random_matrix<Nf4, 4>(1, 64, 0, 6);
  auto tensors = bnb_4bit_tensors("m", other);
  std::vector<std::uint8_t> bytes(40);
  for (std::size_t i = 0; i < 40; ++i) bytes[i] = static_cast<std::uint8_t>(7 * i);
  tensors = with_tensor(tensors, "m.weight", "U8", {40, 1}, bytes);
  tensors = with_tensor(tensors, "m.weight.absmax", "F32", {2}, std::vector<float>{2, 3});
  const WrittenModule odd(with_state(tensors, "nf4", {{"shape", {2, 40}}}));
  const WeightMatrix dense = read_bnb_4bit(odd.module(), config_of("nf4")).matrix;
  REQUIRE_FALSE(dense.codes);
  std::vector<float> row(40);
  dense.decode_row(1, row);
  for (const std::size_t i : {std::size_t{63}, std::size_t{64}}) {
    const unsigned byte = bytes[i / 2], code = i % 2 == 0 ? byte >> 4 : byte & 15;
    CHECK(row[i - 40] == (i < 64 ? 2.0f : 3.0f) * Nf4::codebook[code]);
  }
}

TEST_CASE("doubly quantized scales decode as bitsandbytes decodes them") {
  // Scales [0.5, 0.75, 1, 1.25, 2, 0.9, 1.1, 0.6]: codes 34 52 95 200 255 63 186 41, offset 1.0125, factor 0.9875; of
  // the table's entries two are looked at.
  const PackedMatrix any = random_matrix<Nf4, 4>(8, 64, 0, 7);
  auto tensors = bnb_4bit_tensors("m", any);
  std::vector<float> map(256, 0.0f);
  map[255] = 1.0f;
  map[63] = -0.107031256f;
  const std::vector<std::uint8_t> codes{34, 52, 95, 200, 255, 63, 186, 41};
  tensors = with_tensor(tensors, "m.weight.absmax", "U8", {8}, codes);
  tensors.push_back(made_tensor("m.weight.nested_absmax", "F32", {1}, [] { return std::vector<float>{0.98749995f}; }));
  tensors.push_back(made_tensor("m.weight.nested_quant_map", "F32", {256}, [map] { return map; }));
  const json nested = {
      {"shape", {8, 64}}, {"nested_blocksize", 256}, {"nested_dtype", "float32"}, {"nested_offset", 1.01250005}};
  const WrittenModule written(with_state(tensors, "nf4", nested));
  const auto read = read_bnb_4bit(written.module(), config_of("nf4", true));
  const PackedMatrix& matrix = *read.matrix.codes;
  CHECK(matrix.layout() == LayoutKind::nf4);
  CHECK(matrix.scale(4, 0) == 2.0f);
  CHECK(matrix.scale(5, 0) == Approx(0.90680671).epsilon(1e-7));
  CHECK(matrix.bits_per_weight() == 4 + (8 + 32.0 / 256) / 64);
  CHECK(read.scheme == "bnb-nf4-dq");
  check_refused("not announced", "config", "nested_blocksize is given, but bnb_4bit_use_double_quant is false",
                [&] { static_cast<void>(read_bnb_4bit(written.module(), config_of("nf4"))); });
}

TEST_CASE("broken NF4 tensors are refused") {
  const PackedMatrix codes = random_matrix<Nf4, 4>(4, 64, 0, 8);
  const auto tensors = bnb_4bit_tensors("m", codes);
  const auto refused = [&](const OutputTensors& broken, const std::string& id, const std::string& fragment,
                           const std::string& type = "nf4") {
    const WrittenModule written(broken);
    check_refused(fragment, id, fragment, [&] { static_cast<void>(read_bnb_4bit(written.module(), config_of(type))); });
  };
  refused(tensors, "config", "bnb_4bit_quant_type is 'fp4', but m has no", "fp4");
  refused(with_state(tensors, "nf4", {{"quant_type", "fp4"}}), "config", "quant_type is 'fp4', not 'nf4'");
  refused(with_state(tensors, "nf4", {{"blocksize", 0}}), "config", "blocksize is 0");
  refused(with_state(tensors, "nf4", {{"shape", {4}}}), "config", "shape is not two sizes");
  refused(with_state(tensors, "nf4", {{"shape", {1ull << 40, 1ull << 40}}}), "config", "shape is");
  refused(with_state(tensors, "nf4", {{"shape", {4, 65}}}), "checkpoint", "'m.weight': expected shape [130, 1]");
  refused(with_state(tensors, "nf4", {{"blocksize", 32}}), "checkpoint", "'m.weight.absmax': expected shape [8]");
  refused(with_tensor(tensors, "m.weight.quant_state.bitsandbytes__nf4", "U8", {3}, std::vector<char>{'{', '"', 'a'}),
          "json", "m.weight.quant_state.bitsandbytes__nf4");
  std::vector<float> absmax{1, 2, std::numeric_limits<float>::quiet_NaN(), 4};
  refused(with_tensor(tensors, "m.weight.absmax", "F32", {4}, absmax), "not_finite",
          "the first, at row 0, column 2, is nan");
  std::vector<float> map(Nf4::codebook.begin(), Nf4::codebook.end());
  map[3] = 0.5f;
  refused(with_tensor(tensors, "m.weight.quant_map", "F32", {16}, map), "checkpoint", "item 3 is 0.5, but nf4 has");
  refused(with_tensor(tensors, "m.weight", "BF16", {64, 1}, std::vector<std::uint16_t>(64)), "checkpoint",
          "should be of type U8");
}

TEST_CASE("bitsandbytes configurations that contradict themselves are refused") {
  const auto refused = [](const json& config, const std::string& fragment) {
    check_refused(fragment, "config", fragment, [&] { static_cast<void>(bnb_config(config, "config.json")); });
  };
  refused({{"load_in_4bit", true}, {"load_in_8bit", true}}, "one of load_in_4bit and load_in_8bit");
  refused(json::object(), "one of load_in_4bit and load_in_8bit");
  refused({{"load_in_4bit", true}, {"bnb_4bit_quant_type", "int4"}}, "'int4' is not supported (known: nf4 fp4)");
  refused({{"load_in_4bit", true}, {"bnb_4bit_quant_storage", "bfloat16"}}, "bnb_4bit_quant_storage 'bfloat16'");
  refused({{"load_in_8bit", true}, {"llm_int8_threshold", -1.0}}, "llm_int8_threshold is below 0");
  CHECK(bnb_config({{"load_in_8bit", true}}, "config.json").outlier_threshold == 6.0f);
}

TEST_CASE("codes that bitsandbytes' 4-bit format cannot hold are refused") {
  const auto refused = [](const PackedMatrix& codes, const std::string& fragment) {
    check_refused(fragment, "checkpoint", fragment, [&] { static_cast<void>(bnb_4bit_tensors("m", codes)); });
  };
  refused(random_matrix<Affine, 4>(4, 64, 0, 1), "it holds affine codes (known: nf4 fp4)");
  refused(random_matrix<Nf4, 4>(4, 40, 0, 1), "groups of 40 are no whole blocks of 32 or more");
}
