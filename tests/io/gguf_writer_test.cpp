#include "quantlens/io/gguf_writer.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "quantlens/io/gguf.hpp"
#include "refusal.hpp"
#include "temp_folder.hpp"

using namespace quantlens;
using namespace quantlens::test;

TEST_CASE("metadata and tensors read back") {
  const TempFolder folder;
  GgufMetadataBuilder metadata;
  metadata.set("general.architecture", "llama");
  metadata.set("a.u32", std::uint32_t{7});
  metadata.set("a.f32", 0.5f);
  metadata.set("a.bool", true);
  metadata.set("a.i32s", std::vector<std::int32_t>{-1, 2});
  metadata.set("a.texts", std::vector<std::string>{"", "ä"});
  metadata.set("a.u32", std::uint32_t{9});
  const auto bytes = [](std::size_t n) {
    return [n](const ByteSink& sink) {
      for (std::size_t i = 0; i < n; ++i) {
        const auto byte = static_cast<std::byte>(i);
        sink({&byte, 1});
      }
    };
  };
  write_gguf(folder.path() / "t.gguf", metadata,
             {{"q", GgmlType::q4_0, {3, 64}, bytes(3 * 36)}, {"v", GgmlType::f32, {5}, bytes(20)}});
  const GgufFile file = GgufFile::open(folder.path() / "t.gguf");
  CHECK(file.string("general.architecture") == "llama");
  CHECK(file.uint("a.u32") == 9);
  CHECK(file.number("a.f32") == 0.5);
  CHECK(file.boolean("a.bool"));
  CHECK(file.ints("a.i32s") == std::vector<std::int32_t>{-1, 2});
  CHECK(file.strings("a.texts") == std::vector<std::string>{"", "ä"});
  REQUIRE(file.tensors().size() == 2);
  CHECK(file.find("q")->shape == std::vector<std::uint64_t>{3, 64});
  CHECK(file.find("q")->type == GgmlType::q4_0);
  CHECK(file.find("q")->data[107] == std::byte{107});
  CHECK(file.find("v")->data[19] == std::byte{19});
}

TEST_CASE("another file's metadata is copied as it is") {
  const std::filesystem::path reference =
      std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights/reference.gguf";
  const GgufFile source = GgufFile::open(reference);
  const TempFolder folder;
  GgufMetadataBuilder metadata;
  for (const GgufEntry& entry : source.metadata())
    if (entry.key != "general.alignment") metadata.copy(entry);
  write_gguf(folder.path() / "t.gguf", metadata, {});
  const GgufFile file = GgufFile::open(folder.path() / "t.gguf");
  REQUIRE(file.metadata().size() + 1 == source.metadata().size());
  for (const GgufEntry& entry : file.metadata()) {
    const GgufEntry& original = *source.find_entry(entry.key);
    CHECK(entry.type == original.type);
    CHECK(entry.element_type == original.element_type);
    CHECK(std::equal(entry.bytes.begin(), entry.bytes.end(), original.bytes.begin(), original.bytes.end()));
  }
}

TEST_CASE("tensors that do not fit their type or their shape are refused and leave no file") {
  const TempFolder folder;
  const auto refused = [&](const GgufOutputTensor& tensor, const std::string& fragment) {
    check_refused(fragment, "gguf", fragment, [&] { write_gguf(folder.path() / "t.gguf", {}, {tensor}); });
    CHECK(std::filesystem::is_empty(folder.path()));
  };
  const auto nothing = [](const ByteSink&) {};
  refused({"a", GgmlType::q4_0, {4, 48}, nothing}, "rows of 48 are no whole Q4_0 blocks of 32; choose F16");
  refused({"a", GgmlType::f32, {4}, nothing}, "its shape needs 16 bytes, 0 were given");
  refused({"a", GgmlType::f32, {1ull << 40, 1ull << 40}, nothing}, "its size overflows");
}
