#include "quantlens/checkpoints/compressed.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/refusal.hpp"
#include "checkpoint_matrices.hpp"
#include "quantlens/checkpoints/output.hpp"

using namespace quantlens;
using namespace quantlens::test;
using nlohmann::json;

namespace {

json weights(int bits, json group_size, bool symmetric) {
  const std::string strategy = group_size.is_null() ? "channel" : "group";
  return {{"num_bits", bits},         {"type", "int"},   {"symmetric", symmetric}, {"strategy", strategy},
          {"group_size", group_size}, {"dynamic", false}};
}

json group(json targets, json of_weights) {
  return {{"targets", std::move(targets)},
          {"weights", std::move(of_weights)},
          {"input_activations", nullptr},
          {"output_activations", nullptr}};
}

json settings(json groups) {
  return {{"quant_method", "compressed-tensors"}, {"format", "pack-quantized"}, {"config_groups", std::move(groups)}};
}

CompressedConfig config_of(const json& json_settings, const std::string& module = "m") {
  return compressed_config(json_settings, "config.json", module);
}

/// Two rows of 36 codes of 4 bits, code c % 16 and 15 - c % 16, in five words a row; scales by group of 32.
OutputTensors two_rows(const std::vector<float>& scales, std::vector<std::uint64_t> scale_shape) {
  std::vector<std::uint32_t> words(2 * 5, 0);
  for (std::uint32_t c = 0; c < 36; ++c) {
    words[c / 8] |= (c % 16) << (4 * (c % 8));
    words[5 + c / 8] |= (15 - c % 16) << (4 * (c % 8));
  }
  return {made_tensor("m.weight_packed", "I32", {2, 5}, [words] { return words; }),
          made_tensor("m.weight_scale", "F32", std::move(scale_shape), [scales] { return scales; }),
          made_tensor("m.weight_shape", "I64", {2}, [] {
            return std::vector<std::int64_t>{2, 36};
          })};
}

}  // namespace

TEST_CASE("a row whose codes do not fill its words, with one scale a row or one for all") {
  for (const bool one_scale : {false, true}) {
    CompressedConfig config;
    config.one_scale = one_scale;
    const WrittenModule written(one_scale ? two_rows({0.5f}, {1}) : two_rows({0.5f, 2.0f}, {2, 1}));
    const CheckpointMatrix read = read_compressed(written.module(), config);
    CHECK(read.matrix.rows == 2);
    CHECK(read.matrix.cols == 36);
    CHECK(read.scheme == "compressed-tensors-w4");
    std::vector<float> row(36);
    read.matrix.decode_row(0, row);
    for (int c = 0; c < 36; ++c) CHECK(row[static_cast<std::size_t>(c)] == 0.5f * static_cast<float>(c % 16 - 8));
    read.matrix.decode_row(1, row);
    for (int c = 0; c < 36; ++c)
      CHECK(row[static_cast<std::size_t>(c)] == (one_scale ? 0.5f : 2.0f) * static_cast<float>(7 - c % 16));
  }
}

TEST_CASE("zero points that older versions keep as bytes") {
  const auto with_zeros = [](std::int8_t first, std::int8_t second) {
    OutputTensors tensors = two_rows({1.0f, 1.0f}, {2, 1});
    tensors.push_back(made_tensor("m.weight_zero_point", "I8", {2, 1}, [=] {
      return std::vector<std::int8_t>{first, second};
    }));
    return tensors;
  };
  CompressedConfig config;
  config.symmetric = false;
  const WrittenModule written(with_zeros(-8, 3));
  const CheckpointMatrix read = read_compressed(written.module(), config);
  std::vector<float> row(36);
  read.matrix.decode_row(0, row);
  CHECK(row[5] == 5.0f);
  read.matrix.decode_row(1, row);
  CHECK(row[5] == -1.0f);

  config.symmetric = true;
  const WrittenModule neutral(with_zeros(0, 0));
  CHECK(read_compressed(neutral.module(), config).matrix.codes->layout() == LayoutKind::symmetric);
  check_refused("symmetric", "checkpoint", "the zero point of group 0, output 0 is not 0, but symmetric is true",
                [&] { static_cast<void>(read_compressed(written.module(), config)); });
}

TEST_CASE("a module takes the settings of the target that names it best") {
  const json several = settings({{"a", group({"Linear"}, weights(4, 32, true))},
                                 {"b", group({"re:.*down_proj$"}, weights(8, nullptr, false))},
                                 {"c", group({"x.down_proj"}, weights(2, 64, true))}});
  CHECK(config_of(several, "x.up_proj").bits == 4);
  CHECK(config_of(several, "x.up_proj").group_size == 32);
  CHECK(config_of(several, "y.down_proj").bits == 8);
  CHECK(config_of(several, "y.down_proj").group_size == 0);
  CHECK_FALSE(config_of(several, "y.down_proj").symmetric);
  CHECK(config_of(several, "x.down_proj").bits == 2);
  check_refused("target", "config", "no target matches m, which is quantized", [&] {
    static_cast<void>(config_of(settings({{"a", group({"re:x"}, weights(4, 32, true))}})));
  });
}

TEST_CASE("compressed-tensors settings that are not supported are refused by name") {
  const auto refused = [](const std::string& pointer, const json& value, const std::string& fragment) {
    json changed = settings({{"group_0", group({"Linear"}, weights(4, 32, true))}});
    CHECK(config_of(changed).bits == 4);
    changed[json::json_pointer(pointer)] = value;
    check_refused(pointer, "config", fragment, [&] { static_cast<void>(config_of(changed)); });
  };
  refused("/config_groups/group_0/weights/num_bits", 3, "weights of type int in 3 bits are not supported");
  refused("/config_groups/group_0/weights/type", "float", "weights of type float in 4 bits are not supported");
  refused("/config_groups/group_0/weights/strategy", "block", "strategy 'block' of weights is not supported");
  refused("/config_groups/group_0/weights/group_size", 0, "group_size is 0");
  refused("/config_groups/group_0/input_activations", {{"num_bits", 8}}, "input_activations are quantized too");
  refused("/config_groups/group_0/format", "nvfp4-pack-quantized", "format 'nvfp4-pack-quantized' is not supported");
  refused("/format", "float-quantized", "format 'float-quantized' is not supported (known: pack-quantized)");
  refused("/config_groups", json::object(), "no config_groups");
  refused("/kv_cache_scheme", {{"num_bits", 8}}, "kv_cache_scheme is not supported");
  refused("/sparsity_config", {{"format", "sparse-24-bitmask"}}, "sparsity_config is not supported");
  json dense = settings({{"group_0", group({"Linear"}, weights(4, 32, true))}});
  dense["sparsity_config"] = {{"format", "dense"}};
  CHECK(config_of(dense).group_size == 32);
}

TEST_CASE("broken compressed-tensors tensors are refused by name and item") {
  const OutputTensors tensors = two_rows({0.5f, 2.0f}, {2, 1});
  const auto refused = [&](const OutputTensors& broken, const std::string& fragment, std::size_t group_size = 0,
                           const std::string& id = "checkpoint") {
    const WrittenModule written(broken);
    CompressedConfig config;
    config.group_size = group_size;
    check_refused(fragment, id, fragment, [&] { static_cast<void>(read_compressed(written.module(), config)); });
  };
  using Shape = std::vector<std::int64_t>;
  refused(with_tensor(tensors, "m.weight_shape", "I64", {2}, Shape{3, 36}),
          "does not hold the [3, 36] of weight_shape");
  refused(with_tensor(tensors, "m.weight_shape", "I64", {2}, Shape{2, 41}), "does not hold the [2, 41]");
  refused(with_tensor(tensors, "m.weight_shape", "I64", {2}, Shape{2, 32}), "does not hold the [2, 32]");
  refused(with_tensor(tensors, "m.weight_shape", "I64", {2}, Shape{2, -1}), "does not hold the [2, -1]");
  refused(with_tensor(tensors, "m.weight_shape", "I64", {2}, Shape{2, std::int64_t{1} << 62}), "num_bits right?");
  refused(tensors, "groups of 32 do not divide its 36 inputs", 32);
  refused(two_rows({1, 2, 3, 4}, {2, 2}), "'m.weight_scale': expected shape [2, 1]");
  OutputTensors extra = tensors;
  extra.push_back(made_tensor("m.weight_more", "I64", {1}, [] { return Shape{1}; }));
  refused(extra, "'m.weight_more' is none that this kind of checkpoint has", 0, "unexpected_tensor");
  OutputTensors fewer = tensors;
  fewer.pop_back();
  refused(fewer, "no tensor 'm.weight_shape'", 0, "missing_tensor");
}
