#include "quantlens/checkpoints/awq.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "../io/refusal.hpp"
#include "checkpoint_matrices.hpp"

using namespace quantlens;
using namespace quantlens::test;
using nlohmann::json;

namespace {

AwqConfig config_of(long long group) {
  return awq_config({{"bits", 4}, {"group_size", group}, {"zero_point", true}, {"version", "gemm"}}, "config.json");
}

}  // namespace

TEST_CASE("AWQ tensors read back to the same codes and values") {
  for (const auto& [rows, cols, group] : std::vector<std::tuple<std::size_t, std::size_t, std::size_t>>{
           {32, 64, 32}, {24, 192, 64}, {8, 40, 0}, {40, 128, 128}}) {
    CAPTURE(rows, cols, group);
    const PackedMatrix codes = random_matrix<Affine, 4>(rows, cols, group, rows);
    const WrittenModule written(awq_tensors("m", codes));
    const auto read = read_awq(written.module(), config_of(group == 0 ? -1 : static_cast<long long>(group)));
    check_equal(*read.matrix.codes, codes);
    CHECK(read.scheme == (group == 0 ? "awq-w4" : concat("awq-w4-g", group)));
  }
}

TEST_CASE("AWQ interleaves the outputs of a word as AutoAWQ does") {
  // One input; what matters is the order of the outputs. [1..8] and zero points [15, 0, 9, 3, 12, 7, 1, 8].
  PackedMatrix matrix = pack<Affine, 4>(8, 1, 0);
  const std::vector<float> zeros{15, 0, 9, 3, 12, 7, 1, 8};
  for (std::size_t r = 0; r < 8; ++r) {
    matrix.set_row_codes(r, std::vector<std::uint8_t>{static_cast<std::uint8_t>(r + 1)});
    matrix.scale(r, 0) = 0.25f;
    matrix.offset(r, 0) = -0.25f * zeros[r];
  }
  const PackedMatrix codes = matrix;
  const WrittenModule written(awq_tensors("m", codes));
  CHECK(written["qweight"].at<std::int32_t>(0) == -2042464975);
  CHECK(written["qzeros"].at<std::int32_t>(0) == -2026890081);
  CHECK(written["scales"].at<std::uint16_t>(0) == 0x3400);
}

TEST_CASE("codes that AWQ's format cannot hold are refused") {
  const auto refused = [](const PackedMatrix& codes, const std::string& fragment) {
    check_refused(fragment, "checkpoint", fragment, [&] { static_cast<void>(awq_tensors("m", codes)); });
  };
  refused(random_matrix<Affine, 8>(32, 32, 0, 1), "codes of 8 bits (known: 4)");
  refused(random_matrix<Affine, 4>(12, 32, 0, 1), "12 outputs are no multiple of 8");
  auto scattered = random_matrix<Affine, 4>(8, 64, 32, 1);
  scatter_inputs(scattered, 2);
  refused(scattered, "another order");
}

TEST_CASE("broken AWQ tensors and configurations are refused") {
  const PackedMatrix codes = random_matrix<Affine, 4>(32, 64, 32, 1);
  const auto tensors = awq_tensors("m", codes);
  const auto refused = [&](const OutputTensors& broken, const std::string& fragment, long long group = 32,
                           const std::string& id = "checkpoint") {
    const WrittenModule written(broken);
    check_refused(fragment, id, fragment, [&] { static_cast<void>(read_awq(written.module(), config_of(group))); });
  };
  refused(with_tensor(tensors, "m.qweight", "I32", {64, 0}, std::vector<std::int32_t>()), "holds no weights");
  refused(with_tensor(tensors, "m.qzeros", "I32", {4, 2}, std::vector<std::int32_t>(8)), "expected shape [2, 4]");
  std::vector<std::uint16_t> scales(64, 0x3c00);
  scales[9] = 0x7c00;
  refused(with_tensor(tensors, "m.scales", "F16", {2, 32}, scales),
          "'m.scales': 1 of its numbers are not finite, the first, at row 0, column 9, is inf", 32, "not_finite");
  refused(tensors, "groups of 48 do not divide its 64 inputs", 48);
  const auto config_refused = [](const json& more, const std::string& fragment) {
    json config = {{"bits", 4}, {"group_size", 128}};
    config.update(more);
    check_refused(fragment, "config", fragment, [&] { static_cast<void>(awq_config(config, "config.json")); });
  };
  config_refused({{"bits", 3}}, "bits is 3 (known for awq: 4)");
  config_refused({{"version", "gemv"}}, "version 'gemv' is not supported (known: gemm)");
  config_refused({{"zero_point", false}}, "zero_point false");
  config_refused({{"group_size", 0}}, "group_size is 0");
}
