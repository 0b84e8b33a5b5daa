#include "quantlens/io/gguf.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "gguf_builder.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/json.hpp"
#include "temp_folder.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {
const std::filesystem::path data_folder = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights";
}  // namespace

TEST_CASE("metadata that the gguf package wrote is read back") {
  const GgufFile file = GgufFile::open(data_folder / "reference.gguf");
  CHECK(file.string("general.architecture") == "llama");
  CHECK(file.uint("test.u8") == 200);
  CHECK(file.uint("test.u16") == 60000);
  CHECK(file.uint("test.u32") == 4000000000u);
  CHECK(file.uint("test.u64") == (std::uint64_t{1} << 63) + 5);
  CHECK(file.number("test.i8") == -100);
  CHECK(file.number("test.i16") == -30000);
  CHECK(file.number("test.i32") == -2000000000.0);
  CHECK(file.number("test.i64") == -0x1p62);
  CHECK(file.number("test.f32") == static_cast<double>(0.1f));
  CHECK(file.number("test.f64") == 0.1);
  CHECK(file.boolean("test.bool"));
  CHECK(file.string("test.string") == "na\xc3\xafve \xf0\x9f\x98\x80");
  CHECK(file.ints("test.ints") == std::vector<std::int32_t>{1, -2, 3});
  CHECK(file.floats("test.floats") == std::vector<float>{0.5f, -1.25f});
  CHECK(file.strings("test.strings") == std::vector<std::string>{"", "a", "\xc3\xa4\xc3\xb6\xc3\xbc"});
  CHECK(file.find_entry("test.bools")->count == 3);
  CHECK(file.name() == "reference.gguf");
}

TEST_CASE("tensors that the gguf package wrote are found with its bytes, aligned as the file says") {
  const GgufFile file = GgufFile::open(data_folder / "reference.gguf");
  const auto expected = read_json_file(data_folder / "hashes.json")["reference"];
  CHECK(file.tensors().size() == expected.size());
  for (const auto& [name, hash] : expected.items()) {
    INFO(name);
    const GgufTensor* tensor = file.find(name);
    REQUIRE(tensor != nullptr);
    CHECK(sha256_hex(tensor->data) == hash.get<std::string>());
    CHECK(tensor->offset % 64 == 0);
    CHECK(tensor->data.data() == file.file().bytes().data() + tensor->offset);
  }
  CHECK(file.find("tensor.Q4_1")->type == GgmlType::q4_1);
  CHECK(file.find("tensor.Q4_1")->shape == std::vector<std::uint64_t>{3, 64});
  CHECK(file.find("tensor.3d")->shape == std::vector<std::uint64_t>{2, 3, 4});
  CHECK(file.find("tensor") == nullptr);
}

TEST_CASE("values of a wrong type, range or encoding are refused by key and offset") {
  GgufBuilder builder;
  builder.set("int", GgufValueType::i32, raw<std::int32_t>(-1)).set("bool", true).set("text", "bad\xff");
  builder.set("strings", std::vector<std::string>{"good", "\xc3\xa9", "x\xf5"});
  builder.set_array("wide", GgufValueType::u64, 2, raw<std::uint64_t>(7) + raw<std::uint64_t>(1u << 31));
  const auto bytes = exact_bytes(builder.build());
  const GgufFile file = GgufFile::parse(bytes, "t.gguf");
  const auto at = [&](std::string_view key) { return std::to_string(file.find_entry(key)->offset); };
  CHECK_THROWS_WITH(file.uint("none"), "[quantlens.gguf_key] t.gguf: no key 'none'");
  CHECK_THROWS_WITH(file.uint("int"), "[quantlens.gguf] t.gguf at byte " + at("int") +
                                          ": key 'int': should be an integer of 0 or more, got i32");
  CHECK_THROWS_WITH(file.uint("bool"), Catch::Contains("got bool"));
  CHECK_THROWS_WITH(file.number("bool"), Catch::Contains("got bool"));
  CHECK_THROWS_WITH(file.boolean("int"), Catch::Contains("got i32"));
  CHECK_THROWS_WITH(file.string("strings"), Catch::Contains("got array of string"));
  CHECK_THROWS_WITH(file.strings("wide"), Catch::Contains("should be an array of strings, got array of u64"));
  CHECK_THROWS_WITH(file.floats("wide"), Catch::Contains("should be an array of floats"));
  CHECK_THROWS_WITH(file.ints("strings"), Catch::Contains("should be an array of integers"));
  CHECK_THROWS_WITH(file.ints("int"), Catch::Contains("should be an array"));
  CHECK_THROWS_WITH(file.string("text"), Catch::Contains("is not UTF-8"));
  try {
    static_cast<void>(file.strings("strings"));
    FAIL_CHECK("accepted");
  } catch (const FormatError& error) {
    CHECK_THAT(error.what(), Catch::Contains("item 2 is not UTF-8"));
    CHECK(error.offset() == builder.build().find('\xf5'));
  }
  try {
    static_cast<void>(file.ints("wide"));
    FAIL_CHECK("accepted");
  } catch (const FormatError& error) {
    CHECK_THAT(error.what(), Catch::Contains("item 1 does not fit 32 bits"));
    CHECK(error.offset() == file.find_entry("wide")->offset + 8);
  }
}

TEST_CASE("defaults stand in for absent keys only") {
  const auto bytes = exact_bytes(GgufBuilder().set("a", 3u).set("b", "x").build());
  const GgufFile file = GgufFile::parse(bytes, "t.gguf");
  CHECK(file.uint_or("a", 5) == 3);
  CHECK(file.uint_or("none", 5) == 5);
  CHECK(file.number_or("none", 0.5) == 0.5);
  CHECK(file.string_or("none", "y") == "y");
  CHECK(file.boolean_or("none", true));
  CHECK_THROWS_AS(file.uint_or("b", 5), FormatError);
}

TEST_CASE("version 2, descending offsets and a file without tensors are fine") {
  GgufBuilder builder;
  builder.version = 2;
  const auto vocabulary = exact_bytes(builder.set("a", 1u).build());
  CHECK(GgufFile::parse(vocabulary, "v.gguf").tensors().empty());
  builder.add("x", GgmlType::f32, {8}, std::string(32, 'x')).add("y", GgmlType::f32, {8}, std::string(32, 'y'));
  builder.tensors[0].offset = 32;
  builder.tensors[1].offset = 0;
  const auto bytes = exact_bytes(builder.build());
  CHECK(GgufFile::parse(bytes, "d.gguf").find("x")->data[0] == std::byte{'y'});
}

TEST_CASE("files that hold a vocabulary, or a single key, and no tensors are read whole") {
  std::vector<std::string> tokens, merges;
  std::string scores;
  for (int i = 0; i < 3000; ++i) {
    tokens.push_back(concat("token", i));
    merges.push_back(concat("to ken", i));
    scores += raw(-0.5f * static_cast<float>(i));
  }
  tokens.emplace_back("<|endoftext|>");
  GgufBuilder builder;
  builder.set("tokenizer.ggml.tokens", tokens).set("tokenizer.ggml.merges", merges);
  builder.set_array("tokenizer.ggml.scores", GgufValueType::f32, 3000, scores).set("last", "behind the arrays");
  const TempFolder folder;
  folder.write("vocabulary.gguf", builder.build());
  const GgufFile file = GgufFile::open(folder.path() / "vocabulary.gguf");
  CHECK(file.tensors().empty());
  CHECK(file.strings("tokenizer.ggml.tokens") == tokens);
  CHECK(file.strings("tokenizer.ggml.merges") == merges);
  REQUIRE(file.floats("tokenizer.ggml.scores").size() == 3000);
  CHECK(file.floats("tokenizer.ggml.scores")[2999] == -1499.5f);
  CHECK(file.string("last") == "behind the arrays");
  folder.write("single.gguf", GgufBuilder().set("general.architecture", "none").build());
  CHECK(GgufFile::open(folder.path() / "single.gguf").metadata().size() == 1);
}

TEST_CASE("a file that ends before the data of the tensor it announces is refused by size") {
  GgufBuilder builder;
  builder.set("general.architecture", "none").add("w", GgmlType::f32, {2, 4}, "");
  const auto padded = exact_bytes(builder.build());
  CHECK_THROWS_WITH(GgufFile::parse(padded, "t.gguf"),
                    Catch::Contains(concat("end beyond the file of ", padded.size(), " bytes")));
  builder.alignment = 1;  // nothing at all behind the description
  const auto bare = exact_bytes(builder.build());
  REQUIRE(bare.size() < padded.size());
  CHECK_THROWS_WITH(GgufFile::parse(bare, "t.gguf"),
                    Catch::Contains(concat("end beyond the file of ", bare.size(), " bytes")));
}
