#include "quantlens/quant/bnb_4bit.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "seeded_matrix.hpp"

using namespace quantlens;

namespace {

/// The block of 64 that hand-checked codes are known for.
std::vector<float> golden_block() {
  std::vector<float> block;
  for (int i = 0; i < 64; ++i) block.push_back((static_cast<float>(7 * i % 64) - 31.5f) / 16.0f);
  return block;
}

/// Zeros of both signs are one value.
std::vector<float> with_one_zero(std::vector<float> values) {
  for (float& v : values) v += 0.0f;
  return values;
}

struct Compared {
  int codes = 0, absmax = 0, nested = 0, decoded = 0, packed = 0, without_groups = 0;
};

template <CodebookLayout L>
void compare(const nlohmann::json& entry, Compared& compared) {
  const SeededMatrix matrix(entry);
  const auto blocks = bnb_4bit_quantize<L>(matrix.view(), entry.at("block"), entry.at("double_quant"));
  CHECK(same_bytes(entry.at("packed"), blocks.packed));
  ++compared.codes;
  if (entry.at("double_quant")) {
    REQUIRE(blocks.double_quant);
    CHECK(same_bytes(entry.at("absmax_codes"), blocks.double_quant->codes));
    CHECK(same_bytes(entry.at("nested_absmax"), blocks.double_quant->nested_absmax));
    CHECK(std::bit_cast<std::uint32_t>(blocks.double_quant->offset) == entry.at("offset_bits").get<std::uint32_t>());
    CHECK(sha256_hex(std::as_bytes(std::span(bnb_dynamic_map()))) == entry.at("map_sha256").get<std::string>());
    CHECK(blocks.absmax.empty());
    ++compared.nested;
  } else {
    CHECK(same_bytes(entry.at("absmax"), blocks.absmax));
    ++compared.absmax;
  }
  const auto decoded = bnb_4bit_decode(blocks);
  CHECK(same_bytes(entry.at("decoded"), with_one_zero(decoded)));
  ++compared.decoded;

  const auto packed = bnb_4bit_packed(blocks);
  if (!packed) {
    ++compared.without_groups;
    return;
  }
  std::vector<float> row(matrix.cols), all;
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    packed->decode_row(r, row);
    all.insert(all.end(), row.begin(), row.end());
  }
  CHECK(all == decoded);
  ++compared.packed;
}

}  // namespace

TEST_CASE("NF4 and FP4 are byte for byte what bitsandbytes stores and decodes") {
  std::map<std::string, Compared> compared;
  for (const auto& entry : quantizer_fixture("bitsandbytes/four_bit.json")) {
    const auto kind = entry.at("kind").get<std::string>();
    CAPTURE(entry.at("name").get<std::string>(), kind, entry.at("block").get<int>(),
            entry.at("double_quant").get<bool>());
    if (kind == "nf4")
      compare<Nf4>(entry, compared[kind]);
    else
      compare<Fp4>(entry, compared[kind]);
  }
  for (const char* kind : {"nf4", "fp4"}) {
    CHECK(compared[kind].codes == 50);
    CHECK(compared[kind].absmax == 25);
    CHECK(compared[kind].nested == 25);
    CHECK(compared[kind].decoded == 50);
    CHECK(compared[kind].packed == 38);
    CHECK(compared[kind].without_groups == 12);
  }
}

TEST_CASE("hand-checked NF4 and FP4 codes") {
  const auto block = golden_block();
  const auto nf4 = bnb_4bit_quantize<Nf4>({block.data(), 1, 64});
  CHECK(hex_of(nf4.packed) == "012468bdef12358bdef11358acef01357acef01247acef012469cde012469bde");
  CHECK(nf4.absmax == std::vector<float>{1.96875f});
  const std::vector<float> expected{-1.96875f, -1.37062955f, -1.03373754f, -0.55999398f, -0.17925476f, 0.15667371f};
  const auto values = bnb_4bit_decode(nf4);
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(values[i] == Approx(expected[i]));
  const auto fp4 = bnb_4bit_quantize<Fp4>({block.data(), 1, 64});
  CHECK(hex_of(fp4.packed) == "badce64523aace14523bace17523bade17523badf96523badf96423badc96422");
}

TEST_CASE("a value halfway between two codes takes the lower one") {
  for (std::size_t i = 0; i + 1 < 16; ++i) {
    const float middle = (Nf4::codebook[i] + Nf4::codebook[i + 1]) / 2.0f;
    CHECK(bnb_4bit_code<Nf4>(middle) == i);
    CHECK(bnb_4bit_code<Nf4>(std::nextafter(middle, 2.0f)) == i + 1);
  }
  CHECK(bnb_4bit_code<Fp4>(0.0f) == 0);
  CHECK(bnb_4bit_code<Fp4>(0.002f) == 8);
  CHECK(bnb_4bit_code<Fp4>(-0.002f) == 0);
}

TEST_CASE("bits per weight count what is stored, whatever the groups") {
  const std::vector<float> weights(4 * 96, 0.5f);
  const MatrixView<const float> view(weights.data(), 4, 96);
  const auto plain = Bnb4Bit<Nf4>{64, false}.quantize(view);
  CHECK(plain.group_size() == 32);
  CHECK(plain.bits_per_weight() == Approx(4.0 + 32.0 / 64));
  CHECK(Bnb4Bit<Nf4>{64, true}.quantize(view).bits_per_weight() == Approx(4.0 + 8.0 / 64 + 32.0 / (64 * 256)));
  CHECK(Bnb4Bit<Fp4>{128, false}.quantize(view).bits_per_weight() == Approx(4.0 + 32.0 / 128));
}

TEST_CASE("rows that groups cannot follow stay decoded") {
  const std::vector<float> weights(4 * 48, 0.5f);
  const auto blocks = bnb_4bit_quantize<Nf4>({weights.data(), 4, 48});
  CHECK_FALSE(bnb_4bit_packed(blocks));
  CHECK(bnb_4bit_decode(blocks).size() == weights.size());
  CHECK_THROWS_WITH(Bnb4Bit<Nf4>{}.quantize({weights.data(), 4, 48}),
                    Catch::Contains("[quantlens.group_size]") && Catch::Contains("rows of 48 inputs"));
  // Rows of 16 lie within a block each: one group a row.
  CHECK(Bnb4Bit<Nf4>{}.quantize({weights.data(), 12, 16}).group_size() == 16);
}

TEST_CASE("a view with a stride is flattened without its gaps") {
  std::vector<float> wide(4 * 100, 9.0f), narrow;
  for (std::size_t r = 0; r < 4; ++r)
    for (std::size_t c = 0; c < 64; ++c)
      narrow.push_back(wide[r * 100 + c] = static_cast<float>(r) + static_cast<float>(c) / 64.0f);
  const auto from_view = bnb_4bit_quantize<Nf4>({wide.data(), 4, 64, 100}, 128);
  const auto from_copy = bnb_4bit_quantize<Nf4>({narrow.data(), 4, 64}, 128);
  CHECK(from_view.packed == from_copy.packed);
  CHECK(from_view.absmax == from_copy.absmax);
}

TEST_CASE("4-bit blocks refuse what they cannot hold") {
  std::vector<float> weights(2 * 64, 0.5f);
  const MatrixView<const float> view(weights.data(), 2, 64);
  for (const std::size_t block : {0u, 16u, 48u, 8192u})
    CHECK_THROWS_WITH(bnb_4bit_quantize<Nf4>(view, block), Catch::Contains("[quantlens.block_size]"));
  CHECK_THROWS_WITH(bnb_4bit_quantize<Nf4>({weights.data(), 2, 0}), Catch::Contains("[quantlens.shape]"));
  CHECK(Bnb4Bit<Nf4>{64, true}.quantize({weights.data(), 0, 64}).rows() == 0);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    weights[64 + 5] = bad;
    CHECK_THROWS_WITH(bnb_4bit_quantize<Fp4>(view),
                      Catch::Contains("[quantlens.not_finite]") && Catch::Contains("row 1, column 5"));
  }
}
