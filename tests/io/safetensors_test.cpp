#include "quantlens/io/safetensors.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
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

TEST_CASE("many tensors are found by name, whatever the order of their names and data") {
  constexpr std::size_t n = 1000;
  const auto name_of = [](std::size_t i) { return concat("t", i * 7919 % n); };
  const auto file_of = [&](const std::string& last_name) {
    std::string header = "{", data;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t at = n - 1 - i;  // the data lie in the opposite order
      header += concat(i == 0 ? "" : ",", '"', i + 1 == n ? last_name : name_of(i),
                       R"(":{"dtype":"U8","shape":[1],"data_offsets":[)", at, ",", at + 1, "]}");
      data += static_cast<char>(at % 251);
    }
    std::reverse(data.begin(), data.end());
    return exact_bytes(safetensors_file(header + "}", data));
  };
  const auto bytes = file_of(name_of(n - 1));
  const SafetensorsFile file = SafetensorsFile::parse(bytes, "x.safetensors");
  for (std::size_t i = 0; i < n; ++i) {
    const SafetensorsTensor* tensor = file.find(name_of(i));
    REQUIRE(tensor != nullptr);
    CHECK(tensor->data[0] == static_cast<std::byte>((n - 1 - i) % 251));
  }
  CHECK(file.find("t1000") == nullptr);
  CHECK(file.find("") == nullptr);
  const auto twice = file_of(name_of(3));
  CHECK_THROWS_WITH(SafetensorsFile::parse(twice, "x.safetensors"),
                    Catch::Contains(concat("'", name_of(3), "': duplicate key in the header")));
}

TEST_CASE("bytes behind the data are refused, as the reference does") {
  const std::string header = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  CHECK_NOTHROW(SafetensorsFile::parse(exact_bytes(safetensors_file(header, "12345678")), "x.safetensors"));
  const auto bytes = exact_bytes(safetensors_file(header, "1234567890123"));
  CHECK_THROWS_WITH(SafetensorsFile::parse(bytes, "x.safetensors"),
                    Catch::Contains("5 bytes that belong to no tensor"));
}
