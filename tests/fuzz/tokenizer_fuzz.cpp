/// Fuzzes the tokenizer: with a tokenizer.json as input, and with text that a good tokenizer encodes and decodes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/text/tokenizer.hpp"
#include "quantlens/text/tokenizer_json.hpp"

namespace {

using namespace quantlens;

constexpr EncodeOptions parse{.add_special = false, .parse_special = true};

void require(bool holds) {
  if (!holds) std::abort();
}

void check_text(const Tokenizer& tokenizer, std::string_view text) {
  const std::vector<TokenId> ids = tokenizer.encode(text);
  if (tokenizer.data().normalizers.empty()) require(tokenizer.decode(ids, false) == text);
  require(tokenizer.encode(tokenizer.guard_content(text), parse) == ids);
  static_cast<void>(tokenizer.decode(tokenizer.encode(text, parse)));
}

void check_file(std::string_view file) {
  const Tokenizer tokenizer(tokenizer_data_from_json(parse_json_strict(file, "input"), {}));
  static_cast<void>(tokenizer.encode("Some text, 123 <|im_end|>\n  and \u00e9 more", parse));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Tokenizer> tokenizers = [] {
    std::vector<Tokenizer> loaded;
    for (const char* family : {"gpt-2", "llama-bpe", "qwen2"})
      loaded.emplace_back(tokenizer_data_from_json(read_json_file(std::filesystem::path(QUANTLENS_SOURCE_DIR) /
                                                                  "tests/data/tokenizer" / family / "tokenizer.json"),
                                                   {}));
    return loaded;
  }();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try {
    if (input.starts_with('{'))
      check_file(input);
    else
      for (const Tokenizer& tokenizer : tokenizers) check_text(tokenizer, input);
  } catch (const InputError&) {
  }
  return 0;
}
