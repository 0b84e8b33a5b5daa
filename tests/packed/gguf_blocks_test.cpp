#include "quantlens/packed/gguf_blocks.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using namespace quantlens;

namespace {

std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

GgmlType type_named(const std::string& wanted) {
  for (const GgmlTypeInfo& info : ggml_types)
    if (info.name == wanted) return static_cast<GgmlType>(info.id);
  throw InputError("usage", wanted);
}

std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float v : values) bits.push_back(std::bit_cast<std::uint32_t>(v));
  return bits;
}

}  // namespace

TEST_CASE("every GGUF type decodes exactly as the gguf package does") {
  // Exactly: scale * code fits a float in every type, so that an offset leaves one rounding, whoever computes.
  const std::string file = GENERATE("gguf_blocks.json", "gguf_k_blocks.json");
  const bool k_types = file == "gguf_k_blocks.json";
  std::ifstream in(std::string(QUANTLENS_SOURCE_DIR) + "/tests/data/" + file);
  std::map<std::string, int> rows;
  for (const auto& entry : nlohmann::json::parse(in)) {
    const auto name = entry["type"].get<std::string>();
    const GgmlType type = type_named(name);
    const auto bytes = from_hex(entry["bytes"].get<std::string>());
    const auto expected = entry["float_bits"].get<std::vector<std::uint32_t>>();
    CAPTURE(name, entry["source"].get<std::string>());
    std::vector<float> values(expected.size());
    decode_row(type, bytes.data(), values);
    CHECK(bits_of(values) == expected);

    // The packed matrix on the file's own codes stands for the same values.
    if (is_quantized(type)) {
      const auto matrix = packed_from_gguf(type, 1, expected.size(), [&](std::size_t) { return bytes.data(); });
      std::vector<float> unpacked(expected.size());
      matrix.decode_row(0, unpacked);
      CHECK(unpacked == values);
    }
    ++rows[name];
  }
  if (k_types)
    for (const char* name : {"Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"}) CHECK(rows[name] >= 1);
  else
    for (const char* name : {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "F16", "BF16"}) CHECK(rows[name] >= 4);
}

TEST_CASE("bits per weight of packed matrices are those of the file") {
  const auto bits_per_weight = [](GgmlType type) {
    const std::vector<std::byte> row(block_bytes(type));
    return packed_from_gguf(type, 1, block_elements(type), [&](std::size_t) { return row.data(); }).bits_per_weight();
  };
  CHECK(bits_per_weight(GgmlType::q4_0) == 4.5);
  CHECK(bits_per_weight(GgmlType::q5_1) == 6.0);
  CHECK(bits_per_weight(GgmlType::q2_k) == 2.625);
  CHECK(bits_per_weight(GgmlType::q3_k) == 3.4375);
  CHECK(bits_per_weight(GgmlType::q4_k) == 4.5);
  CHECK(bits_per_weight(GgmlType::q5_k) == 5.5);
  CHECK(bits_per_weight(GgmlType::q6_k) == 6.5625);
}

namespace {

struct KBlockCase {
  GgmlType type;
  std::vector<std::size_t> scales_at;  ///< where f16 0.0625 lies, and f16 0.03125 where there are minimums
  std::vector<double> first, middle;   ///< weights 0.. and 128..
  double last, sum, squares;
};

}  // namespace

TEST_CASE("hand-checked K blocks: bytes (37 i + 11) mod 256, scale 1/16, minimum 1/32") {
  const auto c = GENERATE(
      KBlockCase{GgmlType::q2_k,
                 {80, 82},
                 {2.0625, 0, 0.6875, 1.375},
                 {0.46875, -0.09375, 0.09375},
                 0.28125,
                 128.6875,
                 212.796875},
      KBlockCase{
          GgmlType::q3_k, {108}, {5.0625, -6.75, 1.6875, -3.375}, {0.125, 0, -0.125}, 2.625, 59.875, 2221.5078125},
      KBlockCase{GgmlType::q4_k,
                 {0, 2},
                 {19.71875, -1.59375, 8.09375, 17.78125},
                 {26.4375, -0.375, 11.8125},
                 3.03125,
                 3402.5,
                 94395.390625},
      KBlockCase{GgmlType::q5_k,
                 {0, 2},
                 {50.71875, -1.59375, 39.09375, 17.78125},
                 {65.4375, -0.375, 11.8125},
                 6.78125,
                 7263.5,
                 401675.078125},
      KBlockCase{GgmlType::q6_k,
                 {208},
                 {-89.4375, 106, 36.4375, -33.125},
                 {-21.9375, 26, 8.9375},
                 -3.75,
                 288.25,
                 1851172.890625});
  CAPTURE(name(c.type));
  std::vector<std::byte> block(block_bytes(c.type));
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::byte>((37 * i + 11) & 255);
  for (std::size_t i = 0; i < c.scales_at.size(); ++i) {
    block[c.scales_at[i]] = std::byte{0};
    block[c.scales_at[i] + 1] = static_cast<std::byte>(i == 0 ? 0x2C : 0x28);
  }
  std::vector<float> values(256);
  decode_row(c.type, block.data(), values);
  for (std::size_t i = 0; i < c.first.size(); ++i) CHECK(values[i] == c.first[i]);
  for (std::size_t i = 0; i < c.middle.size(); ++i) CHECK(values[128 + i] == c.middle[i]);
  CHECK(values[255] == c.last);
  double sum = 0, squares = 0;
  for (const double v : values) {
    sum += v;
    squares += v * v;
  }
  CHECK(sum == c.sum);
  CHECK(squares == c.squares);
}

TEST_CASE("hand-checked blocks") {
  std::vector<float> values(32);
  SECTION("Q4_0: (j - 16) / 8, rounded to steps of a quarter") {
    decode_row(GgmlType::q4_0, from_hex("0034809191a2a2b3b3c4c4d5d5e6e6f7f7f8").data(), values);
    CHECK(values[0] == -2.0f);
    CHECK(values[1] == -1.75f);
    CHECK(values[31] == 1.75f);
  }
  SECTION("Q4_1: -1 + 0.5 * ((3 j) mod 16)") {
    decode_row(GgmlType::q4_1, from_hex("003800bc00336699ccff225588bbee114477aadd").data(), values);
    for (int j = 0; j < 32; ++j)
      CHECK(values[static_cast<std::size_t>(j)] == -1.0f + 0.5f * static_cast<float>((3 * j) % 16));
  }
  SECTION("Q5_0: (j - 16) / 8") {
    decode_row(GgmlType::q5_0, from_hex("00300000ffff00112233445566778899aabbccddeeff").data(), values);
    for (int j = 0; j < 32; ++j) CHECK(values[static_cast<std::size_t>(j)] == static_cast<float>(j - 16) / 8.0f);
  }
  SECTION("Q5_1: -2 + 0.25 * ((5 j) mod 32)") {
    decode_row(GgmlType::q5_1, from_hex("003400c0701c8fe30055aaff4499ee3388dd2277cc1166bb").data(), values);
    for (int j = 0; j < 32; ++j)
      CHECK(values[static_cast<std::size_t>(j)] == -2.0f + 0.25f * static_cast<float>((5 * j) % 32));
  }
  SECTION("Q8_0: [127, then (37 j mod 255) - 127] / 4") {
    decode_row(GgmlType::q8_0, from_hex("00347fa6cbf0153a5f85aacff4193e6389aed3f81d42678db2d7fc21466b91b6db00").data(),
               values);
    CHECK(values[0] == 127.0f / 4);
    for (int j = 1; j < 32; ++j)
      CHECK(values[static_cast<std::size_t>(j)] == static_cast<float>((37 * j) % 255 - 127) / 4);
  }
}
