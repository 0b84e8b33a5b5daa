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
  throw InputError("test", wanted);
}

std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float v : values) bits.push_back(std::bit_cast<std::uint32_t>(v));
  return bits;
}

}  // namespace

TEST_CASE("every GGUF type decodes exactly as the gguf package does") {
  std::ifstream in(std::string(QUANTLENS_SOURCE_DIR) + "/tests/data/gguf_blocks.json");
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
    visit_gguf_type(type, [&]<GgmlType Type>() {
      const auto matrix = packed_from_gguf<Type>(1, expected.size(), [&](std::size_t) { return bytes.data(); });
      std::vector<float> unpacked(expected.size());
      matrix.decode_row(0, unpacked);
      CHECK(unpacked == values);
    });
    ++rows[name];
  }
  for (const char* name : {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "F16", "BF16"}) CHECK(rows[name] >= 4);
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
