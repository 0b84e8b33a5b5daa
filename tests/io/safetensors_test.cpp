#include "quantlens/io/safetensors.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "gguf_builder.hpp"

using namespace quantlens;
using namespace quantlens::test;

TEST_CASE("safetensors that transformers wrote are read with their shapes") {
  const auto path = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights/qwen2/model.safetensors";
  const SafetensorsFile file = SafetensorsFile::open(path);
  CHECK(file.tensors().size() == 27);
  const SafetensorsTensor* tensor = file.find("model.layers.1.self_attn.k_proj.weight");
  REQUIRE(tensor != nullptr);
  CHECK(tensor->dtype == "BF16");
  CHECK(tensor->shape == std::vector<std::uint64_t>{16, 32});
  CHECK(tensor->data.size() == 2 * 16 * 32);
  CHECK(file.find("none") == nullptr);
}

TEST_CASE("scalars, empty tensors, escaped names and padded headers are part of the format") {
  const std::string header = R"({"a\"b":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
                             R"("none":{"dtype":"F32","shape":[0,7],"data_offsets":[8,8]},)"
                             R"("w":{"dtype":"F4","shape":[4],"data_offsets":[8,10]}}      )";
  const auto bytes = exact_bytes(safetensors_file(header, "12345678ab"));
  const SafetensorsFile file = SafetensorsFile::parse(bytes, "x.safetensors");
  REQUIRE(file.tensors().size() == 3);
  CHECK(file.find("a\"b")->shape.empty());
  CHECK(file.find("none")->data.empty());
  CHECK(file.find("w")->data[1] == std::byte{'b'});
  CHECK(file.find("w")->offset == bytes.size() - 2);
}

TEST_CASE("an error points at the tensor's name in the header") {
  const std::string header = R"({"good":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                             R"("bad":{"dtype":"U8","shape":[2],"data_offsets":[1,2]}})";
  const auto bytes = exact_bytes(safetensors_file(header, "xy"));
  try {
    static_cast<void>(SafetensorsFile::parse(bytes, "x.safetensors"));
    FAIL_CHECK("accepted");
  } catch (const FormatError& error) {
    CHECK(error.offset() == 8 + header.find("\"bad\""));
  }
}

TEST_CASE("bytes behind the data are refused, as the reference does") {
  const char* shared = std::getenv("QUANTLENS_SHARED");
  const std::filesystem::path folder =
      shared != nullptr ? std::filesystem::path(shared) : std::filesystem::path(QUANTLENS_SOURCE_DIR) / "../shared";
  const auto path = folder / "data/format_fixtures/tiny.safetensors";
  if (!std::filesystem::exists(path)) {
    WARN("SKIPPED: no " << path << "; set QUANTLENS_SHARED");
    return;
  }
  CHECK_THROWS_WITH(SafetensorsFile::open(path), Catch::Contains("5 bytes that belong to no tensor"));
}
