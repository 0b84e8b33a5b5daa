#include "quantlens/weights/check_finite.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "../checkpoints/checkpoint_folders.hpp"
#include "../checkpoints/tiny_model.hpp"
#include "../io/refusal.hpp"
#include "../io/temp_folder.hpp"
#include "quantlens/checkpoints/load.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/io/safetensors_writer.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

void check_gguf(const GgufBuilder& file, const std::string& fragment) {
  const auto bytes = exact_bytes(file.build());
  check_refused(fragment, "not_finite", fragment,
                [&] { static_cast<void>(load_gguf(GgufFile::parse(bytes, "bad.gguf"))); });
}

/// A copy of a checkpoint with `value` written over the first bytes of element `index` of a tensor.
void check_checkpoint(const std::string& name, const std::string& tensor, std::size_t at, const std::string& value,
                      const std::string& fragment) {
  CAPTURE(name, tensor);
  const TempFolder folder;
  const auto copy = edited_checkpoint(folder, name, [](auto&) {});
  const SafetensorsFile file = SafetensorsFile::open(checkpoints / name / "model.safetensors");
  std::vector<OutputTensor> tensors;
  for (const SafetensorsTensor& stored : file.tensors()) {
    std::string data(reinterpret_cast<const char*>(stored.data.data()), stored.data.size());
    if (stored.name == tensor) data.replace(at, value.size(), value);
    tensors.push_back({stored.name, stored.dtype, stored.shape,
                       [data](const ByteSink& sink) { sink(std::as_bytes(std::span(data))); }});
  }
  write_safetensors(copy / "model.safetensors", tensors);
  check_refused(tensor, "not_finite", fragment, [&] { static_cast<void>(load_model(copy)); });
}

}  // namespace

TEST_CASE("a NaN or an infinity is found in every float type, the first of them, and all are counted") {
  const auto check = [](GgmlType type, auto bad, auto good) {
    constexpr std::size_t n = 10000;
    const std::size_t first = GENERATE(0u, 4095u, 4096u, 9999u);
    CAPTURE(name(type), first);
    std::vector<decltype(good)> values(n, good);
    const auto find = [&] { return find_non_finite(type, std::as_bytes(std::span(values))); };
    CHECK(find().count == 0);
    values[first] = values[n - 1] = bad;
    CHECK(find().count == (first == n - 1 ? 1 : 2));
    CHECK(find().first == first);
    CHECK_FALSE(std::isfinite(find().value));
  };
  const float bad = GENERATE(NAN, INFINITY, -INFINITY);
  check(GgmlType::f32, bad, 3.4e38f);
  check(GgmlType::f16, to_half(bad), to_half(65504.0f));
  check(GgmlType::bf16, to_bfloat16(bad), to_bfloat16(3.38e38f));
}

TEST_CASE("every half of every kind of block is looked at, and codes are not") {
  struct Kind {
    GgmlType type;
    std::vector<std::size_t> halves;
  };
  const Kind kind = GENERATE(Kind{GgmlType::q4_0, {0}}, Kind{GgmlType::q4_1, {0, 2}}, Kind{GgmlType::q5_0, {0}},
                             Kind{GgmlType::q5_1, {0, 2}}, Kind{GgmlType::q8_0, {0}}, Kind{GgmlType::q2_k, {80, 82}},
                             Kind{GgmlType::q3_k, {108}}, Kind{GgmlType::q4_k, {0, 2}}, Kind{GgmlType::q5_k, {0, 2}},
                             Kind{GgmlType::q6_k, {208}});
  CAPTURE(name(kind.type));
  const std::size_t bytes = block_bytes(kind.type), elements = block_elements(kind.type);
  std::string data(3 * bytes, '\xff');
  for (std::size_t block = 0; block < 3; ++block)
    for (const std::size_t at : kind.halves) data.replace(block * bytes + at, 2, raw(to_half(0.5f)));
  const auto find = [&] { return find_non_finite(kind.type, std::as_bytes(std::span(data))); };
  CHECK(find().count == 0);
  for (const std::size_t at : kind.halves) {
    const std::string before = data;
    data.replace(bytes + at, 2, raw(to_half(INFINITY)));
    CHECK(find().count == 1);
    CHECK(find().first == elements);
    std::vector<float> row(3 * elements);
    decode_row(kind.type, std::as_bytes(std::span(data)).data(), row);
    CHECK_FALSE(std::isfinite(row[elements] + row[2 * elements - 1]));
    data = before;
  }
}

TEST_CASE("a model with a number that is none is refused by tensor, row, column and count") {
  for (const std::string tensor :
       {"token_embd.weight", "output.weight", "blk.1.ffn_down.weight", "blk.0.attn_q.weight"}) {
    GgufBuilder file = tiny_llama();
    const std::uint64_t cols = file.tensor(tensor).shape[1];
    file.tensor(tensor).data.replace(4 * (2 * cols + 5), 4, raw(NAN));
    file.tensor(tensor).data.replace(4 * (3 * cols), 4, raw(INFINITY));
    check_gguf(file,
               concat("tensor '", tensor, "': 2 of its numbers are not finite, the first, at row 2, column 5, is nan"));
  }
  GgufBuilder norm = tiny_llama();
  norm.tensor("blk.0.ffn_norm.weight").data.replace(4 * 7, 4, raw(-INFINITY));
  check_gguf(norm,
             "tensor 'blk.0.ffn_norm.weight': 1 of its numbers are not finite, the first, at row 0, column 7, is -inf");
  GgufBuilder bias = tiny_llama();
  for (const std::string block : {"blk.0.", "blk.1."})
    bias.add(block + "attn_output.bias", GgmlType::f32, {32}, std::string(128, '\0'));
  bias.tensor("blk.1.attn_output.bias").data.replace(0, 4, raw(NAN));
  check_gguf(bias, "tensor 'blk.1.attn_output.bias': 1 of its numbers");
  GgufBuilder codes = tiny_llama();
  auto& up = codes.tensor("blk.0.ffn_up.weight");
  up.type = static_cast<std::uint32_t>(GgmlType::q8_0);
  up.data = std::string(64 * 34, '\1');
  up.data.replace(3 * 34, 2, raw(to_half(NAN)));
  check_gguf(codes,
             "tensor 'blk.0.ffn_up.weight': 1 of its blocks' scales and minimums are not finite, the first, at row 3");
}

TEST_CASE("codes whose scale is finite, but not what it makes of them, are refused") {
  PackedMatrix packed = pack<Affine, 4>(3, 64, 32);
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t g = 0; g < 2; ++g) packed.scale(r, g) = 1e37f;
  CHECK_NOTHROW(refuse_non_finite("x.safetensors", "up.weight", coded_matrix("up", packed)));
  packed.scale(1, 1) = packed.scale(2, 0) = 1e38f;
  check_refused("overflow", "not_finite", "x.safetensors: 'up.weight': codes of 2 groups",
                [&] { refuse_non_finite("x.safetensors", "up.weight", coded_matrix("up", packed)); });
  const WeightMatrix dense = dense_matrix("up", 2, 2, {1.0f, 2.0f, 3.0f, NAN});
  check_refused("dense", "not_finite", "1 of its numbers are not finite, the first, at row 1, column 1, is nan",
                [&] { refuse_non_finite("x.safetensors", "up.weight", dense); });
}

TEST_CASE("scales of checkpoints that are no numbers, or make none, are refused") {
  const std::string up = "model.layers.0.mlp.up_proj.";
  check_checkpoint("gptq-w4-g32-act", up + "scales", 2 * 3, raw(to_half(NAN)), "row 0, column 3, is nan");
  check_checkpoint("awq-w4-g32", up + "scales", 2 * 5, raw(to_half(INFINITY)), "row 0, column 5, is inf");
  check_checkpoint("bnb-nf4", up + "weight.absmax", 4, raw(NAN), "row 0, column 1, is nan");
  check_checkpoint("bnb-nf4-dq", up + "weight.nested_absmax", 0, raw(INFINITY), "row 0, column 0, is inf");
  check_checkpoint("bnb-int8", up + "SCB", 4 * 2, raw(NAN), "row 0, column 2, is nan");
}
