#include "quantlens/text/bpe.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "quantlens/core/rng.hpp"
#include "tokenizer_fixtures.hpp"

using namespace quantlens;
using test::append_merge;
using Ids = std::vector<TokenId>;

namespace {

Ids encode(const BpeModel& model, std::string_view piece) {
  Ids ids;
  BpeModel::Scratch scratch;
  model.encode(piece, scratch, ids);
  return ids;
}

/// The definition, step by step: apply the first merge of the list that fits anywhere, leftmost, until none does.
std::vector<std::string> merge_by_definition(const TokenizerData& data, const std::string& piece) {
  std::vector<std::string> parts;
  for (const char c : piece) parts.emplace_back(1, c);
  for (std::size_t rank = 0; rank < data.merges.size();) {
    const auto& [left, right] = data.merges[rank];
    bool merged = false;
    for (std::size_t i = 0; i + 1 < parts.size() && !merged; ++i) {
      if (parts[i] != left || parts[i + 1] != right) continue;
      parts[i] += right;
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      merged = true;
    }
    rank = merged ? 0 : rank + 1;
  }
  return parts;
}

}  // namespace

TEST_CASE("the lowest rank merges first, then the leftmost pair") {
  TokenizerData data = test::byte_tokenizer();
  const TokenId bc = append_merge(data, "b", "c");
  const TokenId ab = append_merge(data, "a", "b");
  const TokenId aa = append_merge(data, "a", "a");
  const TokenId aaaa = append_merge(data, "aa", "aa");
  const BpeModel model(data);
  CHECK(encode(model, "abc") == Ids{'a', bc});
  CHECK(encode(model, "abab") == Ids{ab, ab});
  CHECK(encode(model, "aaa") == Ids{aa, 'a'});
  CHECK(encode(model, "aaaaaaa") == Ids{aaaa, aa, 'a'});
  CHECK(encode(model, "").empty());
  CHECK(encode(model, std::string("\0\xff", 2)) == Ids{0, 255});
}

TEST_CASE("merges of every order equal the definition") {
  Rng rng(1);
  for (int round = 0; round < 200; ++round) {
    TokenizerData data = test::byte_tokenizer();
    std::vector<std::string> made = {"a", "b", "c"};
    for (int i = 0; i < 12; ++i) {
      const std::string left = made[rng.below(made.size())], right = made[rng.below(made.size())];
      if (std::find(data.tokens.begin(), data.tokens.end(), left + right) != data.tokens.end()) continue;
      append_merge(data, left, right);
      made.push_back(left + right);
    }
    rng.shuffle(std::span(data.merges));
    const BpeModel model(data);
    for (int i = 0; i < 10; ++i) {
      std::string piece;
      for (std::uint64_t n = 1 + rng.below(40); n > 0; --n) piece += static_cast<char>('a' + rng.below(3));
      std::vector<std::string> tokens;
      for (const TokenId id : encode(model, piece)) tokens.push_back(data.tokens[static_cast<std::size_t>(id)]);
      CHECK(tokens == merge_by_definition(data, piece));
    }
  }
}

TEST_CASE("a whole piece that is a token stays whole only with ignore_merges") {
  TokenizerData data = test::byte_tokenizer();
  const TokenId whole = test::append_token(data, "\u0120ab");
  CHECK(encode(BpeModel(data), " ab") == Ids{' ', 'a', 'b'});
  data.ignore_merges = true;
  CHECK(encode(BpeModel(data), " ab") == Ids{whole});
  CHECK(encode(BpeModel(data), " abc") == Ids{' ', 'a', 'b', 'c'});
  data.types.back() = TokenType::control;
  CHECK(encode(BpeModel(data), " ab") == Ids{' ', 'a', 'b'});
}

TEST_CASE("a control character without a token is left out and its neighbours may merge, as in the reference") {
  TokenizerData data = test::byte_tokenizer();
  data.tokens[4] = "<4>";
  const TokenId ab = append_merge(data, "a", "b");
  CHECK(encode(BpeModel(data),
               "a\x04"
               "b\x04") == Ids{ab});
  CHECK(encode(BpeModel(data), "\x04").empty());
}

TEST_CASE("a megabyte of one character merges in n log n") {
  TokenizerData data = test::byte_tokenizer();
  std::string token = "a";
  for (int i = 0; i < 8; ++i, token += token) append_merge(data, token, token);
  const BpeModel model(data);
  CHECK(encode(model, std::string(1 << 20, 'a')).size() == (1 << 20) / 256);
}

TEST_CASE("a vocabulary that contradicts itself is refused") {
  const auto refused = [](auto&& change, const char* fragment) {
    TokenizerData data = test::byte_tokenizer();
    append_merge(data, "a", "b");
    change(data);
    CHECK_THROWS_WITH(BpeModel(data), Catch::Contains("[quantlens.tokenizer]") && Catch::Contains(fragment));
  };
  refused([](TokenizerData& data) { data.tokens['b'] = "a"; }, "tokens 97 and 98 are both 'a'");
  refused([](TokenizerData& data) { data.merges.emplace_back("ab", "xy"); },
          "merge 1 ('ab' 'xy') needs the unknown token 'xy'");
  refused([](TokenizerData& data) { data.merges.emplace_back("ab", "c"); }, "unknown token 'abc'");
  refused([](TokenizerData& data) { data.merges.emplace_back("a", "b"); }, "is there twice");
  refused([](TokenizerData& data) { data.merges.emplace_back("", "b"); }, "empty side");
}
