#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gguf_builder.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/safetensors.hpp"
#include "refusal.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

struct Case {
  std::string name;
  std::string bytes;
  std::string fragment;
  std::string id = "gguf";
};

/// Valid: one value of every metadata type and two tensors, the last of which ends with the file.
GgufBuilder small_gguf() {
  GgufBuilder file;
  file.set("general.architecture", "llama").set("a.bool", true).set("a.u32", 7u).set("a.f32", 1.5f);
  file.set("a.u8", GgufValueType::u8, raw<std::uint8_t>(1)).set("a.i8", GgufValueType::i8, raw<std::int8_t>(-1));
  file.set("a.u16", GgufValueType::u16, raw<std::uint16_t>(1)).set("a.i16", GgufValueType::i16, raw<std::int16_t>(-1));
  file.set("a.i32", GgufValueType::i32, raw<std::int32_t>(-1)).set("a.u64", GgufValueType::u64, raw<std::uint64_t>(1));
  file.set("a.i64", GgufValueType::i64, raw<std::int64_t>(-1)).set("a.f64", GgufValueType::f64, raw(2.5));
  file.set("a.strings", std::vector<std::string>{"x", "", "yz"}).set("a.ints", std::vector<std::int32_t>{1, -2});
  file.set_array("a.bools", GgufValueType::boolean, 2, std::string("\0\1", 2));
  file.add("first", GgmlType::f32, {2, 3}, std::string(24, 'a'))
      .add("second", GgmlType::q8_0, {1, 32}, std::string(34, 'b'));
  return file;
}

GgufBuilder with_tensor(GgufBuilder::Tensor tensor) {
  GgufBuilder file = small_gguf();
  file.tensors.push_back(std::move(tensor));
  return file;
}

template <class Edit>
std::string edited(Edit edit) {
  GgufBuilder file = small_gguf();
  edit(file);
  return file.build();
}

constexpr std::uint64_t two_to(int exponent) { return std::uint64_t{1} << exponent; }

std::vector<Case> gguf_header_cases() {
  std::vector<Case> cases = {
      {"empty file", "", "magic"},
      {"bad magic", edited([](auto& f) { f.magic = "GGUG"; }), "does not start with 'GGUF'"},
      {"version 0", edited([](auto& f) { f.version = 0; }), "version 0"},
      {"version 1", edited([](auto& f) { f.version = 1; }), "version 1"},
      {"version of the future", edited([](auto& f) { f.version = 4; }), "version 4"},
      {"big-endian", edited([](auto& f) { f.version = 0x03000000; }), "big-endian"},
      {"tensor count -1", edited([](auto& f) { f.n_tensors = ~std::uint64_t{0}; }), "the tensor count"},
      {"tensor count beyond the file", edited([](auto& f) { f.n_tensors = 1000; }), "the tensor count"},
      {"tensor count 3, records 2", edited([](auto& f) { f.n_tensors = 3; }), ""},
      {"metadata count -1", edited([](auto& f) { f.n_entries = ~std::uint64_t{0}; }), "the metadata count"},
      {"metadata count 2^31", edited([](auto& f) { f.n_entries = two_to(31); }), "the metadata count"},
  };
  return cases;
}

std::vector<Case> gguf_metadata_cases() {
  const auto entry = [](std::string key, std::uint32_t type, std::string value) {
    return edited([&](auto& f) { f.entries.push_back({key, type, value}); });
  };
  const auto array = [](GgufValueType element, std::uint64_t count) {
    return edited([&](auto& f) { f.set_array("big", element, count, ""); });
  };
  const auto u32 = static_cast<std::uint32_t>(GgufValueType::u32);
  return {
      {"empty key", entry("", u32, raw(1u)), "a key of 0 bytes"},
      {"key of 65536 bytes", entry(std::string(65536, 'k'), u32, raw(1u)), "a key of 65536 bytes"},
      {"key that is not UTF-8", entry("a\xff", u32, raw(1u)), "printable ASCII"},
      {"key with NUL", entry(std::string("a\0b", 3), u32, raw(1u)), "printable ASCII"},
      {"duplicate key", entry("a.u32", u32, raw(1u)), "duplicate key 'a.u32'"},
      {"value type 13", entry("bad", 13, raw(1u)), "unknown value type 13"},
      {"value type 2^32 - 1", entry("bad", ~0u, raw(1u)), "unknown value type 4294967295"},
      {"bool 2", entry("bad", 7, std::string(1, '\2')), "neither 0 nor 1"},
      {"bool 2 in an array", edited([](auto& f) { f.set_array("bad", GgufValueType::boolean, 2, "\1\2"); }),
       "neither 0 nor 1"},
      {"array of arrays", array(GgufValueType::array, 1), "array of arrays"},
      {"array of unknown type", entry("bad", 9, raw(99u) + raw<std::uint64_t>(0)), "unknown value type 99"},
      {"array of 2^64 - 1 bytes", array(GgufValueType::u8, ~std::uint64_t{0}), "the length of array 'big'"},
      {"array whose bytes wrap to 0", array(GgufValueType::u64, two_to(61)), "the length of array 'big'"},
      {"array of 2^40 strings", array(GgufValueType::string, two_to(40)), "the length of array 'big'"},
      {"string longer than the file", entry("bad", 8, raw(two_to(30))), "needs 1073741824 bytes"},
      {"string of 2^64 - 1 bytes", entry("bad", 8, raw(~std::uint64_t{0})), "needs 18446744073709551615 bytes"},
      {"alignment 0", edited([](auto& f) { f.set("general.alignment", 0u); }), "general.alignment is 0"},
      {"alignment 13", edited([](auto& f) { f.set("general.alignment", 13u); }), "general.alignment is 13"},
      {"alignment 4", edited([](auto& f) { f.set("general.alignment", 4u); }), "general.alignment is 4"},
      {"alignment 2^31", edited([](auto& f) { f.set("general.alignment", 0x80000000u); }),
       "general.alignment is 2147483648"},
      {"alignment as text", edited([](auto& f) { f.set("general.alignment", "32"); }), "should be an integer"},
      {"alignment as u64", edited([](auto& f) { f.set("general.alignment", GgufValueType::u64, raw(two_to(5))); }),
       "should be a u32"},
  };
}

std::vector<Case> gguf_tensor_cases() {
  const auto tensor = [](std::vector<std::uint64_t> shape, std::uint32_t type = 0) {
    return with_tensor({"bad", type, std::move(shape), std::string(64, 'x')}).build();
  };
  const auto placed = [](std::uint64_t offset) {
    return with_tensor({"bad", 0, {16}, std::string(64, 'x'), offset}).build();
  };
  const std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  return {
      {"empty tensor name", with_tensor({"", 0, {1}, "xxxx"}).build(), "a tensor name of 0 bytes"},
      {"tensor name of 64 bytes", with_tensor({std::string(64, 'n'), 0, {1}, "xxxx"}).build(),
       "a tensor name of 64 bytes"},
      {"tensor name that is not UTF-8", with_tensor({"\xc0\x80", 0, {1}, "xxxx"}).build(), "not UTF-8"},
      {"duplicate tensor", with_tensor({"first", 0, {1}, "xxxx"}).build(), "duplicate tensor 'first'"},
      {"no dimensions", with_tensor({"bad", 0, {}, "xxxx"}).build(), "0 dimensions"},
      {"5 dimensions", tensor({1, 1, 1, 1, 16}), "5 dimensions"},
      {"2^32 - 1 dimensions", with_tensor({"bad", 0, {16}, "", {}, ~0u}).build(), "4294967295 dimensions"},
      {"dimension 0", tensor({16, 0}), "a dimension of 0"},
      {"dimension -1", tensor({1, max}), "overflow"},
      {"elements wrap to 0", tensor({two_to(32), two_to(32)}), "overflow"},
      {"elements wrap to 16", tensor({two_to(60) + 1, 16}), "overflow"},
      {"bytes wrap", tensor({two_to(62)}), "size in bytes overflows"},
      {"bytes wrap in blocks", tensor({two_to(31), two_to(31)}, 8), "beyond the file"},
      {"rows that blocks do not divide", tensor({2, 16}, 8), "not whole Q8_0 blocks of 32"},
      {"retired type 4", tensor({16}, 4), "unknown type 4"},
      {"type 2^32 - 1", tensor({16}, ~0u), "unknown type 4294967295"},
      {"unaligned offset", placed(100), "not a multiple of 32"},
      {"overlapping offset", placed(0), "overlap"},
      {"offset beyond the file", placed(two_to(20)), "beyond the file"},
      {"offset and size wrap", placed(max - 31), "beyond the file"},
      {"more elements than bytes", tensor({17}), "beyond the file"},
  };
}

std::vector<Case> safetensors_cases() {
  const std::string data(8, 'd');
  const auto header = [&](const std::string& json) { return safetensors_file(json, data); };
  const auto tensor = [&](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return header(R"({"w":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}");
  };
  const std::string deep = "{\"w\":" + std::string(100000, '[') + std::string(100000, ']') + "}";
  const auto second = [&](const std::string& offsets) {
    return header(
        R"({"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F16","shape":[2],"data_offsets":)" +
        offsets + "}}");
  };
  std::vector<Case> cases = {
      {"empty file", "", "the header's length"},
      {"length longer than the file", raw<std::uint64_t>(100) + "{}", "needs 100 bytes"},
      {"length 2^64 - 1", raw(~std::uint64_t{0}) + "{}", "a header of 18446744073709551615 bytes"},
      {"length 0", raw<std::uint64_t>(0), "does not start with '{'"},
      {"header that is an array", header("[]"), "does not start with '{'"},
      {"header that is cut", header(R"({"w":)"), "in the header"},
      {"text behind the header", header("{} x"), "in the header"},
      {"duplicate tensor",
       header(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],)"
              R"("data_offsets":[4,8]}})"),
       "'w': duplicate key in the header"},
      {"duplicate dtype", header(R"({"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})"),
       "duplicate key 'dtype'"},
      {"duplicate metadata", header(R"({"__metadata__":{},"__metadata__":{}})"), "duplicate key '__metadata__'"},
      {"duplicate key of the metadata", header(R"({"__metadata__":{"a":"1","a":"2"}})"), "duplicate key 'a'"},
      {"metadata that is a list", header(R"({"__metadata__":["a"]})"), "not an object of strings"},
      {"metadata of objects", header(R"({"__metadata__":{"a":{"b":"c"}}})"), "not an object of strings"},
      {"tensor that is a list", header(R"({"w":["F32",[2],[0,8]]})"), "should have dtype, shape and data_offsets"},
      {"tensor with a fourth key", header(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"stride":[1]}})"),
       "nothing else"},
      {"shape of lists", tensor("\"F32\"", "[[2]]", "[0,8]"), "its shape is no list of sizes"},
      {"shape of objects", tensor("\"F32\"", "[{}]", "[0,8]"), "its shape is no list of sizes"},
      {"null shape", tensor("\"F32\"", "null", "[0,8]"), "its shape is no list of sizes"},
      {"offsets of texts", tensor("\"F32\"", "[2]", "[\"0\",\"8\"]"), "its data_offsets are not two offsets"},
      {"three offsets", tensor("\"F32\"", "[2]", "[0,8,8]"), "its data_offsets are not two offsets"},
      {"dtype that is a list", tensor("[\"F32\"]", "[2]", "[0,8]"), "its dtype is no string"},
      {"bad UTF-8", header("{\"\xff\":1}"), "in the header"},
      {"depth bomb", safetensors_file(deep, ""), "should have dtype, shape and data_offsets"},
      {"depth bomb in a shape",
       safetensors_file(R"({"w":{"shape":)" + std::string(100000, '[') + std::string(100000, ']') + "}}", ""),
       "its shape is no list of sizes"},
      {"tensor that is a number", header(R"({"w":1})"), "should have dtype, shape and data_offsets"},
      {"tensor without dtype", header(R"({"w":{"shape":[2],"data_offsets":[0,8]}})"), "should have dtype"},
      {"dtype that is a number", tensor("1", "[2]", "[0,8]"), "its dtype is no string"},
      {"unknown dtype", tensor("\"F31\"", "[2]", "[0,8]"), "unknown dtype F31"},
      {"negative dimension", tensor("\"F32\"", "[-2]", "[0,8]"), "its shape is no list of sizes"},
      {"fractional dimension", tensor("\"F32\"", "[2.0]", "[0,8]"), "its shape is no list of sizes"},
      {"shape that is a number", tensor("\"F32\"", "2", "[0,8]"), "its shape is no list of sizes"},
      {"offsets 1e0", tensor("\"F32\"", "[2]", "[0,8e0]"), "its data_offsets are not two offsets"},
      {"one offset", tensor("\"F32\"", "[2]", "[8]"), "its data_offsets are not two offsets"},
      {"offset 2^64", tensor("\"F32\"", "[2]", "[0,18446744073709551616]"), "does not fit 64 bits"},
      {"begin behind end", tensor("\"F32\"", "[2]", "[8,0]"), "do not lie in the 8 bytes"},
      {"end beyond the file", tensor("\"F32\"", "[4]", "[0,16]"), "do not lie in the 8 bytes"},
      {"shape larger than its bytes", tensor("\"F32\"", "[3]", "[0,8]"), "its shape needs 96 bits"},
      {"shape that wraps to 8 bytes", tensor("\"F32\"", "[4611686018427387906]", "[0,8]"), "overflows"},
      {"dimensions that wrap", tensor("\"F32\"", "[4294967296,4294967296]", "[0,8]"), "overflows"},
      {"overlap", second("[2,6]"), "overlaps"},
      {"hole", header(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"), "leaves a hole"},
      {"trailing bytes", second("[4,8]") + "x", "1 bytes that belong to no tensor"},
      {"data without a tensor", header("{}"), "8 bytes that belong to no tensor"},
      {"metadata that is no string", header(R"({"__metadata__":{"a":1}})"), "not an object of strings"},
  };
  for (Case& c : cases) c.id = "safetensors";
  return cases;
}

void check_gguf(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const auto bytes = exact_bytes(c.bytes);
    check_refused(c.name, c.id, c.fragment, [&] { static_cast<void>(GgufFile::parse(bytes, "bad.gguf")); });
  }
}

}  // namespace

TEST_CASE("the small GGUF file that the corpus breaks is itself accepted") {
  const auto bytes = exact_bytes(small_gguf().build());
  const GgufFile file = GgufFile::parse(bytes, "small.gguf");
  CHECK(file.metadata().size() == 15);
  CHECK(file.tensors().size() == 2);
}

TEST_CASE("malformed GGUF headers are refused") { check_gguf(gguf_header_cases()); }
TEST_CASE("malformed GGUF metadata is refused") { check_gguf(gguf_metadata_cases()); }
TEST_CASE("malformed GGUF tensors are refused") { check_gguf(gguf_tensor_cases()); }

TEST_CASE("malformed safetensors files are refused") {
  for (const Case& c : safetensors_cases()) {
    const auto bytes = exact_bytes(c.bytes);
    check_refused(c.name, c.id, c.fragment,
                  [&] { static_cast<void>(SafetensorsFile::parse(bytes, "bad.safetensors")); });
  }
}

TEST_CASE("every prefix of a valid file is refused") {
  const std::string gguf = small_gguf().build();
  for (std::size_t n = 0; n < gguf.size(); ++n) {
    const auto bytes = exact_bytes(gguf.substr(0, n));
    CHECK_THROWS_AS(GgufFile::parse(bytes, "cut.gguf"), FormatError);
  }
  const std::string tensors =
      safetensors_file(R"({"__metadata__":{"format":"pt"},"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                       R"("w":{"dtype":"BF16","shape":[2,1],"data_offsets":[4,8]}}  )",
                       "12345678");
  const auto whole = exact_bytes(tensors);
  CHECK(SafetensorsFile::parse(whole, "whole.safetensors").tensors().size() == 2);
  for (std::size_t n = 0; n < tensors.size(); ++n) {
    const auto bytes = exact_bytes(tensors.substr(0, n));
    CHECK_THROWS_AS(SafetensorsFile::parse(bytes, "cut.safetensors"), FormatError);
  }
}

TEST_CASE("a valid file with any one byte changed is accepted or refused by a typed error") {
  const std::string gguf = small_gguf().build();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < gguf.size(); ++at) {
    for (const char value : {'\x00', '\x01', '\x7f', '\x80', '\xff'}) {
      std::string changed = gguf;
      changed[at] = value;
      const auto bytes = exact_bytes(changed);
      try {
        static_cast<void>(GgufFile::parse(bytes, "changed.gguf"));
      } catch (const FormatError&) {
        ++refused;
      }
    }
  }
  CHECK(refused > 500);
}

TEST_CASE("200,000 keys are read in linear time") {
  GgufBuilder file;
  for (std::size_t i = 0; i < 200000; ++i) file.entries.push_back({concat("k", i), 0, "\1"});
  const auto bytes = exact_bytes(file.build());
  const double start = cpu_seconds();
  CHECK(GgufFile::parse(bytes, "many.gguf").metadata().size() == 200000);
  CHECK(cpu_seconds() - start < 10.0);  // comparing all pairs takes minutes
}
