#include "quantlens/io/safetensors_writer.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "quantlens/io/safetensors.hpp"
#include "refusal.hpp"
#include "temp_folder.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

OutputTensor tensor(std::string name, std::string dtype, std::vector<std::uint64_t> shape, std::string bytes) {
  return {std::move(name), std::move(dtype), std::move(shape), [bytes = std::move(bytes)](const ByteSink& sink) {
            // In two pieces, as a writer may.
            const auto all = std::as_bytes(std::span(bytes));
            sink(all.first(all.size() / 2));
            sink(all.subspan(all.size() / 2));
          }};
}

std::size_t n_files(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("written tensors read back") {
  const TempFolder folder;
  const std::string large(3 << 20, 'x');
  write_safetensors(
      folder.path() / "t.safetensors",
      {tensor("b", "I32", {2, 1}, "12345678"), tensor("a", "U8", {3}, "abc"), tensor("none", "F32", {0}, ""),
       tensor("one", "U8", {}, "z"), tensor("large", "U8", {3 << 20}, large)});
  const SafetensorsFile file = SafetensorsFile::open(folder.path() / "t.safetensors");
  REQUIRE(file.tensors().size() == 5);
  CHECK(file.find("b")->shape == std::vector<std::uint64_t>{2, 1});
  CHECK(file.find("b")->dtype == "I32");
  const auto text = [&](const char* name) {
    const auto data = file.find(name)->data;
    return std::string(reinterpret_cast<const char*>(data.data()), data.size());
  };
  CHECK(text("b") == "12345678");
  CHECK(text("a") == "abc");
  CHECK(text("one") == "z");
  CHECK(text("large") == large);
  CHECK(file.tensors().front().offset % 8 == 0);
  CHECK(read_text(folder.path() / "t.safetensors").find(R"({"__metadata__":{"format":"pt"})") == 8);
}

TEST_CASE("a file is there whole or not at all") {
  const TempFolder folder;
  const auto refused = [&](const std::vector<OutputTensor>& tensors, const std::string& fragment) {
    check_refused(fragment, "safetensors", fragment,
                  [&] { write_safetensors(folder.path() / "t.safetensors", tensors); });
    CHECK(n_files(folder.path()) == 0);
  };
  refused({tensor("a", "U8", {4}, "abc")}, "'a': its shape needs 4 bytes, 3 were given");
  refused({tensor("a", "U8", {2}, "abc")}, "'a': its shape needs 2 bytes, 3 were given");
  refused({tensor("a", "X8", {3}, "abc")}, "'a': unknown dtype X8");
  refused({tensor("a", "U8", {3}, "abc"), tensor("a", "U8", {3}, "abc")}, "'a': a second tensor of that name");
  refused({tensor("a", "F32", {1ull << 40, 1ull << 40}, "")}, "'a': its size overflows");
  struct Stopped {};
  CHECK_THROWS_AS(
      write_safetensors(folder.path() / "t.safetensors", {{"a", "U8", {1}, [](const ByteSink&) { throw Stopped(); }}}),
      Stopped);
  CHECK(n_files(folder.path()) == 0);
  CHECK_THROWS_AS(write_safetensors(folder.path() / "no/t.safetensors", {}), Error);
}
