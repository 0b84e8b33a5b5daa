#include "quantlens/checkpoints/int8.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "../io/refusal.hpp"
#include "checkpoint_matrices.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

BnbConfig config_of(float threshold) {
  BnbConfig config;
  config.outlier_threshold = threshold;
  return config;
}

}  // namespace

TEST_CASE("LLM.int8() tensors read back to the same codes and values, whatever the scales") {
  auto matrix = random_matrix<Symmetric, 8>(300, 40, 0, 1);
  // What a quantizer makes of a row's largest magnitude.
  for (std::size_t r = 100; r < 300; ++r) matrix.scale(r, 0) = (1.0f + static_cast<float>(r) * 0x1.3p-7f) / 127.0f;
  const PackedMatrix codes = matrix;
  const WrittenModule written(bnb_int8_tensors("m", codes));
  const auto read = read_bnb_int8(written.module(), config_of(5.0f));
  check_equal(*read.matrix.codes, codes);
  CHECK(read.matrix.form == ActivationForm::int8_rows);
  CHECK(read.matrix.outlier_threshold == 5.0f);
  CHECK(read.scheme == "bnb-int8");
}

TEST_CASE("LLM.int8() stores signed codes and the largest magnitude of each row") {
  // W = [[0.5, -1, 0.25, 2], [1.5, 0.75, -0.5, -0.25], [-2, 1, 1, 0.5]].
  const std::vector<std::vector<int>> expected{{32, -64, 16, 127}, {127, 64, -42, -21}, {-127, 64, 64, 32}};
  PackedMatrix matrix = pack<Symmetric, 8>(3, 4, 0);
  for (std::size_t r = 0; r < 3; ++r) {
    std::vector<std::uint8_t> row;
    for (const int code : expected[r]) row.push_back(static_cast<std::uint8_t>(code + 128));
    matrix.set_row_codes(r, row);
    matrix.scale(r, 0) = (r == 1 ? 1.5f : 2.0f) / 127.0f;
  }
  const PackedMatrix codes = matrix;
  const WrittenModule written(bnb_int8_tensors("m", codes));
  for (std::size_t i = 0; i < 12; ++i) CHECK(written["weight"].at<std::int8_t>(i) == expected[i / 4][i % 4]);
  CHECK(written["SCB"].at<float>(0) == 2.0f);
  CHECK(written["SCB"].at<float>(1) == 1.5f);
  CHECK(written["weight_format"].shape().empty());
}

TEST_CASE("broken LLM.int8() tensors and codes that do not fit are refused") {
  const PackedMatrix codes = random_matrix<Symmetric, 8>(4, 8, 0, 1);
  const auto tensors = bnb_int8_tensors("m", codes);
  const auto refused = [&](const OutputTensors& broken, const std::string& fragment,
                           const std::string& id = "checkpoint") {
    const WrittenModule written(broken);
    check_refused(fragment, id, fragment, [&] { static_cast<void>(read_bnb_int8(written.module(), config_of(6.0f))); });
  };
  refused(with_tensor(tensors, "m.SCB", "F32", {5}, std::vector<float>(5)), "'m.SCB': expected shape [4]");
  refused(with_tensor(tensors, "m.SCB", "F32", {4}, std::vector<float>{1, 1, 1, INFINITY}),
          "at row 0, column 3, is inf", "not_finite");
  refused(with_tensor(tensors, "m.weight_format", "U8", {}, std::vector<std::uint8_t>{2}), "is 2, a layout");
  refused(with_tensor(tensors, "m.weight", "U8", {4, 8}, std::vector<std::uint8_t>(32)), "should be of type I8");
  const PackedMatrix grouped = random_matrix<Symmetric, 8>(4, 64, 32, 1);
  check_refused("groups", "checkpoint", "no symmetric 8-bit codes of whole rows",
                [&] { static_cast<void>(bnb_int8_tensors("m", grouped)); });
}
