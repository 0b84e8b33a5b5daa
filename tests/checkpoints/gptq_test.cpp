#include "quantlens/checkpoints/gptq.hpp"

#include <catch2/catch.hpp>
#include <cmath>
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

json settings(int bits, long long group, const json& more = json::object()) {
  json config = {{"quant_method", "gptq"}, {"bits", bits}, {"group_size", group}};
  config.update(more);
  return config;
}

GptqConfig config_of(int bits, long long group, bool version_2) {
  return gptq_config(settings(bits, group, {{"checkpoint_format", version_2 ? "gptq_v2" : "gptq"}}), "config.json",
                     "m");
}

void check_round_trip(const PackedMatrix& matrix) {
  const long long group = matrix.n_groups() == 1 ? -1 : static_cast<long long>(matrix.group_size());
  for (const bool version_2 : {false, true}) {
    CAPTURE(matrix.bits(), matrix.layout_info().name, matrix.rows(), matrix.cols(), group, version_2);
    const WrittenModule written(gptq_tensors("m", matrix, version_2));
    const CheckpointMatrix read = read_gptq(written.module(), config_of(matrix.bits(), group, version_2));
    check_equal(*read.matrix.codes, matrix);
    CHECK(read.matrix.rows == matrix.rows());
    CHECK(read.matrix.cols == matrix.cols());
    CHECK(read.scheme == concat("gptq-w", matrix.bits(), group == -1 ? "" : concat("-g", group),
                                matrix.has_offset() ? "-asym" : "", matrix.input_order().empty() ? "" : "-act"));
  }
}

template <int Bits>
void check_width() {
  check_round_trip(random_matrix<Symmetric, Bits>(32, 64, 32, 1));
  check_round_trip(random_matrix<Affine, Bits>(32, 64, 32, 2));
  check_round_trip(random_matrix<Affine, Bits>(96, 192, 64, 3));
  check_round_trip(random_matrix<Symmetric, Bits>(64, 160, 0, 4));
  check_round_trip(random_matrix<Affine, Bits>(32, 96, 0, 5));
  auto scattered = random_matrix<Affine, Bits>(32, 128, 32, 6);
  scatter_inputs(scattered, 7);
  check_round_trip(scattered);
}

}  // namespace

TEST_CASE("GPTQ tensors read back to the same codes and values, every width, both versions") {
  check_width<2>();
  check_width<3>();
  check_width<4>();
  check_width<8>();
  // Shapes that only just fill words.
  check_round_trip(random_matrix<Affine, 4>(8, 40, 0, 8));
  check_round_trip(random_matrix<Symmetric, 8>(4, 32, 32, 9));
}

TEST_CASE("GPTQ words are AutoGPTQ's") {
  // One output row after the other in row 0; zero points as in each check.
  const auto words = [](auto matrix, bool version_2, std::string_view part) {
    const PackedMatrix codes = matrix;
    const WrittenModule written(gptq_tensors("m", matrix, version_2));
    const CheckpointTensor& tensor = written[part];
    std::vector<std::int32_t> values;
    for (std::size_t i = 0; i < tensor.bytes().size() / 4; ++i) values.push_back(tensor.at<std::int32_t>(i));
    return values;
  };
  SECTION("4 bit") {
    PackedMatrix matrix = pack<Symmetric, 4>(8, 8, 0);
    matrix.set_row_codes(0, std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8});
    matrix.set_row_codes(1, std::vector<std::uint8_t>{1, 15, 8, 0, 7, 9, 14, 2});
    for (std::size_t r = 0; r < 8; ++r) matrix.scale(r, 0) = 1.0f;
    const auto qweight = words(matrix, false, "qweight");
    REQUIRE(qweight.size() == 8);
    CHECK(qweight[0] == -2023406815);
    CHECK(qweight[1] == 781650161);
    CHECK(words(matrix, false, "qzeros") == std::vector<std::int32_t>{2004318071});
  }
  SECTION("4 bit with zero points, one of them 0: masked to its own four bits") {
    PackedMatrix matrix = pack<Affine, 4>(8, 8, 0);
    const std::vector<float> zeros{8, 0, 15, 1, 7, 8, 9, 3};
    for (std::size_t r = 0; r < 8; ++r) {
      matrix.scale(r, 0) = 0.5f;
      matrix.offset(r, 0) = -0.5f * zeros[r];
    }
    CHECK(words(matrix, false, "qzeros") == std::vector<std::int32_t>{678825719});
    CHECK(words(matrix, true, "qzeros") == std::vector<std::int32_t>{0x39871f08});
  }
  SECTION("8 bit") {
    PackedMatrix matrix = pack<Symmetric, 8>(4, 4, 0);
    matrix.set_row_codes(0, std::vector<std::uint8_t>{1, 2, 3, 250});
    CHECK(words(matrix, false, "qweight")[0] == -100466175);
    CHECK(words(matrix, false, "qzeros") == std::vector<std::int32_t>{2139062143});
  }
  SECTION("3 bit: a stream of 96 bits over three words") {
    PackedMatrix matrix = pack<Symmetric, 3>(32, 32, 0);
    std::vector<std::uint8_t> codes;
    for (int i = 0; i < 32; ++i) codes.push_back(static_cast<std::uint8_t>((5 * i + 3) % 8));
    matrix.set_row_codes(0, codes);
    const auto qweight = words(matrix, false, "qweight");
    REQUIRE(qweight.size() == 96);
    CHECK(qweight[0] == 0x43c67543);
    CHECK(qweight[32] == 0x7543c675);
    CHECK(static_cast<std::uint32_t>(qweight[64]) == 0xc67543c6u);
  }
}

TEST_CASE("zero points of version 1 are unwrapped one by one, or by the word where GPTQModel wrote it so") {
  PackedMatrix matrix = pack<Affine, 4>(8, 8, 0);
  for (std::size_t r = 0; r < 8; ++r) matrix.scale(r, 0) = 1.0f;
  const PackedMatrix codes = matrix;
  const auto zeros = [&](std::uint32_t word, const json& more) {
    const WrittenModule written(
        with_tensor<std::uint32_t>(gptq_tensors("m", codes, false), "m.qzeros", "I32", {1, 1}, {word}));
    const auto read = read_gptq(written.module(), gptq_config(settings(4, -1, more), "config.json", "m"));
    const PackedMatrix& packed = *read.matrix.codes;
    CHECK(packed.layout() == LayoutKind::affine);
    std::vector<float> values;
    for (std::size_t r = 0; r < 8; ++r) values.push_back(0.0f - packed.offset(r, 0));
    return values;
  };
  CHECK(zeros(0x28760ef7, json::object()) == std::vector<float>{8, 0, 15, 1, 7, 8, 9, 3});
  // [8, 0, 15, ...] less one in every field by one subtraction: 0x39871f08 - 0x11111111.
  const json gptqmodel = {{"meta", {{"quantizer", {"gptqmodel:7.7.0"}}}}};
  CHECK(zeros(0x39871f08u - 0x11111111u, gptqmodel) == std::vector<float>{8, 0, 15, 1, 7, 8, 9, 3});
}

TEST_CASE("codes that GPTQ's format cannot hold exactly are refused, saying why") {
  const auto refused = [](const PackedMatrix& codes, const std::string& fragment) {
    check_refused(fragment, "checkpoint", fragment, [&] { static_cast<void>(gptq_tensors("m", codes, false)); });
  };
  refused(random_matrix<Symmetric, 5>(32, 32, 0, 1), "codes of 5 bits (known: 2 3 4 8)");
  refused(random_matrix<Nf4, 4>(32, 32, 0, 1), "it holds nf4 codes");
  refused(random_matrix<Symmetric, 4>(7, 32, 0, 1), "7 outputs and 32 inputs of 4 bits");
  refused(random_matrix<Symmetric, 4>(8, 36, 0, 1), "8 outputs and 36 inputs of 4 bits");
  auto matrix = random_matrix<Affine, 4>(8, 64, 32, 1);
  matrix.scale(3, 1) = 0.1f;
  matrix.offset(3, 1) = -0.1f;
  refused(matrix, "row 3, group 1: scale 0.1 is no f16");
  matrix.scale(3, 1) = 0.5f;
  matrix.offset(3, 1) = -0.75f;
  refused(matrix, "row 3, group 1: offset -0.75 is not -scale");
  matrix.offset(3, 1) = 0.5f;
  refused(matrix, "zero point from 0 to 15");
}

namespace {

/// The tensors of a matrix of groups of 64 as groups of 128 of which the last is short: every second group's scales and
/// zero points, which those between must share. `codes` must outlive them.
OutputTensors in_groups_of_128(const PackedMatrix& matrix) {
  OutputTensors tensors = gptq_tensors("m", matrix, true);
  const WrittenModule written(tensors);
  const std::size_t n_groups = (matrix.n_groups() + 1) / 2, rows = matrix.rows();
  std::vector<std::uint16_t> scales;
  std::vector<std::uint32_t> qzeros;
  std::vector<std::int32_t> g_idx;
  for (std::size_t g = 0; g < n_groups; ++g) {
    for (std::size_t r = 0; r < rows; ++r) scales.push_back(written["scales"].at<std::uint16_t>(2 * g * rows + r));
    for (std::size_t w = 0; w < rows / 8; ++w)
      qzeros.push_back(written["qzeros"].at<std::uint32_t>(2 * g * rows / 8 + w));
  }
  for (std::size_t c = 0; c < matrix.cols(); ++c) g_idx.push_back(written["g_idx"].at<std::int32_t>(c) / 2);
  tensors = with_tensor(tensors, "m.scales", "F16", {n_groups, rows}, scales);
  tensors = with_tensor(tensors, "m.qzeros", "I32", {n_groups, rows / 8}, qzeros);
  tensors = with_tensor(tensors, "m.g_idx", "I32", {matrix.cols()}, g_idx);
  return tensors;
}

}  // namespace

TEST_CASE("groups that do not divide the row, or are larger than it, decode to the same values") {
  auto matrix = random_matrix<Affine, 4>(32, 320, 64, 8);
  for (std::size_t r = 0; r < matrix.rows(); ++r)
    for (const std::size_t g : {1u, 3u}) {
      matrix.scale(r, g) = matrix.scale(r, g - 1);
      matrix.offset(r, g) = matrix.offset(r, g - 1);
    }
  for (const bool act_order : {false, true}) {
    if (act_order) {
      std::vector<std::uint32_t> order(320);
      // A group of 128 takes every second of 256 inputs, the short one the rest.
      for (std::uint32_t c = 0; c < 320; ++c) order[c] = c < 128 ? 2 * c : c < 256 ? 2 * (c - 128) + 1 : c;
      matrix.set_input_order(order);
    }
    const PackedMatrix codes = matrix;
    const WrittenModule written(in_groups_of_128(codes));
    const CheckpointMatrix read = read_gptq(written.module(), config_of(4, 128, true));
    check_equal(*read.matrix.codes, codes);
    CHECK(read.scheme == (act_order ? "gptq-w4-g128-asym-act" : "gptq-w4-g128-asym"));
    // Three scales of 16 bits and zero points of 4 a row, not five.
    CHECK(read.matrix.codes->bits_per_weight() == Approx(4 + 3 * 20.0 / 320).epsilon(1e-12));
  }

  const PackedMatrix whole = random_matrix<Affine, 4>(32, 96, 0, 9);
  const WrittenModule written(gptq_tensors("m", whole, true));
  const CheckpointMatrix read = read_gptq(written.module(), config_of(4, 128, true));
  check_equal(*read.matrix.codes, whole);
  CHECK(read.scheme == "gptq-w4-g128-asym");
}

TEST_CASE("broken GPTQ tensors are refused by name and item") {
  auto scattered = random_matrix<Affine, 4>(32, 128, 32, 6);
  scatter_inputs(scattered, 7);
  const PackedMatrix codes = scattered;
  const auto tensors = gptq_tensors("m", codes, true);
  const auto refused = [&](const OutputTensors& broken, const std::string& fragment,
                           const std::string& id = "checkpoint", const json& more = json::object()) {
    const WrittenModule written(broken);
    json config = settings(4, 32, {{"checkpoint_format", "gptq_v2"}});
    config.update(more);
    check_refused(fragment, id, fragment,
                  [&] { static_cast<void>(read_gptq(written.module(), gptq_config(config, "config.json", "m"))); });
  };
  std::vector<std::int32_t> groups(128);
  for (std::size_t i = 0; i < 128; ++i) groups[i] = static_cast<std::int32_t>(i / 32);
  auto g_idx = [&](std::size_t at, std::int32_t value) {
    auto changed = groups;
    changed[at] = value;
    return with_tensor(tensors, "m.g_idx", "I32", {128}, changed);
  };
  refused(g_idx(5, 4), "'m.g_idx': item 5 is 4, but there are 4 groups");
  refused(g_idx(5, -1), "'m.g_idx': item 5 is -1");
  refused(g_idx(5, 3), "group 0 has 31 of 128 inputs, but should have 32");
  refused(with_tensor(tensors, "m.g_idx", "I32", {64}, std::vector<std::int32_t>(64)),
          "'m.g_idx': expected shape [128] (128 inputs in groups of 32, 32 outputs; is group_size right?), got [64]");
  refused(tensors, "groups are not consecutive inputs, but desc_act is false", "checkpoint", {{"desc_act", false}});
  refused(tensors, "but sym is true, which means 8", "checkpoint", {{"sym", true}});

  std::vector<std::uint16_t> scales(4 * 32, 0x3c00);
  scales[70] = 0x7e00;
  refused(with_tensor(tensors, "m.scales", "F16", {4, 32}, scales), "the first, at row 2, column 6, is nan",
          "not_finite");
  scales[70] = 0xfc00;
  refused(with_tensor(tensors, "m.scales", "F16", {4, 32}, scales), "the first, at row 2, column 6, is -inf",
          "not_finite");
  refused(with_tensor(tensors, "m.scales", "F16", {32, 4}, std::vector<std::uint16_t>(128)),
          "'m.scales': expected shape [4, 32]");
  refused(with_tensor(tensors, "m.scales", "I16", {4, 32}, std::vector<std::uint16_t>(128)), "should hold floats");
  refused(with_tensor(tensors, "m.qzeros", "I32", {4, 8}, std::vector<std::int32_t>(32)),
          "'m.qzeros': expected shape [4, 4]");
  refused(with_tensor(tensors, "m.qweight", "U32", {16, 32}, std::vector<std::int32_t>(512)),
          "'m.qweight': should be of type I32, is U32");
  refused(with_tensor(tensors, "m.qweight", "I32", {512}, std::vector<std::int32_t>(512)), "should have 2 dimensions");
  refused(with_tensor(tensors, "m.qweight", "I32", {0, 32}, std::vector<std::int32_t>()), "is bits right?");
  refused(tensors, "groups of 48 do not divide its 128 inputs, which is supported only where both are multiples of 32",
          "checkpoint", {{"group_size", 48}});
  for (std::size_t i = 0; i < 128; ++i) groups[i] = static_cast<std::int32_t>(i / 16);
  auto small = with_tensor(tensors, "m.g_idx", "I32", {128}, groups);
  small = with_tensor(small, "m.qzeros", "I32", {8, 4}, std::vector<std::int32_t>(32));
  small = with_tensor(small, "m.scales", "F16", {8, 32}, std::vector<std::uint16_t>(256, 0x3c00));
  refused(small, "m.qweight: groups of 16 do not fit", "group_size", {{"group_size", 16}});
  auto fewer = tensors;
  fewer.pop_back();
  refused(fewer, "no tensor 'm.g_idx', which goes with 'm.qweight'", "missing_tensor", {{"desc_act", true}});
  auto more = tensors;
  more.push_back(made_tensor("m.weight", "F32", {1}, [] { return std::vector<float>{1}; }));
  refused(more, "tensor 'm.weight' is none", "unexpected_tensor");
}

TEST_CASE("GPTQ configurations that contradict themselves or ask for more are refused") {
  const auto refused = [](const json& more, const std::string& fragment) {
    check_refused(fragment, "config", fragment,
                  [&] { static_cast<void>(gptq_config(settings(4, 128, more), "config.json", "a.b")); });
  };
  refused({{"bits", 5}}, "bits is 5 (known: 2 3 4 8)");
  refused({{"bits", "4"}}, "bits is \"4\"");
  refused({{"group_size", 0}}, "group_size is 0, neither -1 nor above 0");
  refused({{"group_size", -2}}, "group_size is -2");
  refused({{"group_size", nullptr}}, "no group_size");
  refused({{"checkpoint_format", "marlin"}}, "checkpoint_format 'marlin' is not supported");
  refused({{"checkpoint_format", "gptq_v2"}, {"format", "gptq"}},
          "checkpoint_format is 'gptq_v2', but format is 'gptq'");
  refused({{"is_marlin_format", true}}, "is_marlin_format");
  refused({{"pack_dtype", "int64"}}, "pack_dtype 'int64'");
  refused({{"sym", 1}}, "sym is 1, neither true nor false");
  refused({{"dynamic", {{"-:a\\.b", json::object()}}}}, "dynamic leaves a.b unquantized");
  refused({{"dynamic", {{"a", {{"bits", 8}}}, {"+:a\\.b", {{"bits", 3}}}}}}, "dynamic has several rules for a.b");
}

TEST_CASE("single modules may have their own widths and groups") {
  const json config = settings(4, 128, {{"dynamic", {{"+:^a\\.b$", {{"bits", 8}, {"group_size", -1}}}}}});
  CHECK(gptq_config(config, "config.json", "a.b").bits == 8);
  CHECK(gptq_config(config, "config.json", "a.b").group_size == 0);
  CHECK(gptq_config(config, "config.json", "a.bc").bits == 4);
  CHECK(gptq_config(config, "config.json", "a.bc").group_size == 128);
}
