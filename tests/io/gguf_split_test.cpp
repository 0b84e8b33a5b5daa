#include "quantlens/io/gguf_split.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "gguf_builder.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "refusal.hpp"
#include "temp_folder.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

constexpr auto u16 = GgufValueType::u16;

/// Part `number` of `n`, with one tensor of its own.
GgufBuilder part(std::size_t number, std::size_t n, std::int32_t n_tensors) {
  GgufBuilder file;
  file.set("split.no", u16, raw(static_cast<std::uint16_t>(number - 1)));
  file.set("split.count", u16, raw(static_cast<std::uint16_t>(n)));
  file.set("split.tensors.count", GgufValueType::i32, raw(n_tensors));
  if (number == 1) file.set("general.name", "whole");
  file.add(concat("tensor.", number), GgmlType::f32, {2}, std::string(8, static_cast<char>('a' + number)));
  return file;
}

struct SplitModel : TempFolder {
  SplitModel() {
    for (std::size_t number = 1; number <= 3; ++number) write_part(number, part(number, 3, 3));
  }
  std::filesystem::path write_part(std::size_t number, const GgufBuilder& file) const {
    return write(gguf_part_name("m-1", number, 3), file.build());
  }
  [[nodiscard]] std::filesystem::path part_path(std::size_t number) const {
    return path() / gguf_part_name("m-1", number, 3);
  }
};

}  // namespace

TEST_CASE("the names of parts are llama.cpp's") {
  CHECK(gguf_part_name("m", 2, 13) == "m-00002-of-00013.gguf");
  const auto name = parse_gguf_part_name("a-b-00002-of-00013.gguf");
  REQUIRE(name);
  CHECK(name->prefix == "a-b");
  CHECK(name->number == 2);
  CHECK(name->n_parts == 13);
  for (const char* other :
       {"m.gguf", "m-0002-of-0013.gguf", "m-00002-of-00013", "m-00014-of-00013.gguf", "m-00000-of-00013.gguf",
        "m-0000x-of-00013.gguf", "-00001-of-00001.gguf", "m_00001-of-00002.gguf"})
    CHECK_FALSE(parse_gguf_part_name(other));
}

TEST_CASE("any part opens the whole model: the first part's metadata, the tensors of all") {
  const SplitModel model;
  for (std::size_t number = 1; number <= 3; ++number) {
    const GgufFile file = GgufFile::open(model.part_path(number));
    CHECK(file.name() == "m-1-00001-of-00003.gguf");
    CHECK(file.file().path() == model.part_path(1));
    CHECK(file.string("general.name") == "whole");
    REQUIRE(file.tensors().size() == 3);
    for (std::size_t i = 1; i <= 3; ++i) {
      const GgufTensor* tensor = file.find(concat("tensor.", i));
      REQUIRE(tensor != nullptr);
      CHECK(tensor->data.size() == 8);
      CHECK(tensor->data[7] == static_cast<std::byte>('a' + i));
      CHECK(tensor->file == gguf_part_name("m-1", i, 3));
    }
  }
}

TEST_CASE("the hash of a split model is that of the list of its parts") {
  const SplitModel model;
  std::string list;
  for (std::size_t number = 1; number <= 3; ++number)
    list +=
        sha256_hex(MappedFile::open(model.part_path(number)).bytes()) + " " + gguf_part_name("m-1", number, 3) + "\n";
  const std::string expected = sha256_hex(std::as_bytes(std::span(list)));
  CHECK(GgufFile::open(model.part_path(2)).sha256() == expected);
  CHECK(GgufFile::open(model.part_path(1)).sha256() == expected);
}

TEST_CASE("parts that are missing or of another model are refused by name") {
  const auto refused = [](const std::string& fragment, auto edit) {
    const SplitModel model;
    const std::filesystem::path given = edit(model);
    check_refused(fragment, "gguf_split", fragment, [&] { static_cast<void>(GgufFile::open(given)); });
  };
  refused("is part 2 of a model that is split into 3 files; missing beside it: m-1-00001-of-00003.gguf m-1-00003-of-0",
          [](const SplitModel& m) {
            std::filesystem::remove(m.part_path(1));
            std::filesystem::remove(m.part_path(3));
            return m.part_path(2);
          });
  refused("is part 2 of 3 of a split model, whose files are called as NAME-00001-of-00002.gguf",
          [](const SplitModel& m) {
            std::filesystem::rename(m.part_path(2), m.path() / "renamed.gguf");
            return m.path() / "renamed.gguf";
          });
  refused("is part 2 of 3 of a split model", [](const SplitModel& m) {
    std::filesystem::rename(m.part_path(2), m.part_path(1));
    return m.part_path(1);
  });
  refused("m-1-00003-of-00003.gguf says that it is part 2 of 3", [](const SplitModel& m) {
    std::filesystem::copy_file(m.part_path(2), m.part_path(3), std::filesystem::copy_options::overwrite_existing);
    return m.part_path(1);
  });
  refused("m-1-00002-of-00003.gguf says that it is part 2 of 4", [](const SplitModel& m) {
    m.write_part(2, part(2, 4, 3));
    return m.part_path(1);
  });
  refused("the parts hold 3 tensors, but split.tensors.count is 4", [](const SplitModel& m) {
    m.write_part(1, part(1, 3, 4));
    return m.part_path(3);
  });
  refused("m-1-00003-of-00003.gguf: tensor 'tensor.1' is in an earlier part, too", [](const SplitModel& m) {
    GgufBuilder twice = part(3, 3, 3);
    twice.tensors.front().name = "tensor.1";
    m.write_part(3, twice);
    return m.part_path(1);
  });
}
