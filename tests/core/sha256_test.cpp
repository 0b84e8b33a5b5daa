#include "quantlens/core/sha256.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

using namespace quantlens;

namespace {
std::string hash_of(std::string_view text) { return sha256_hex(std::as_bytes(std::span(text))); }
}  // namespace

// Source: NIST, "Cryptographic Standards and Guidelines: Examples with Intermediate Values", SHA-256, and the vectors
// that come with FIPS 180.
TEST_CASE("SHA-256 gives the published digests") {
  CHECK(hash_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hash_of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqr"
                "stnopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  CHECK(hash_of(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 does not depend on how the bytes are cut") {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  for (const std::size_t length : {55u, 56u, 63u, 64u, 65u, 119u, 120u, 128u, 300u}) {
    const std::string_view whole = std::string_view(text).substr(0, length);
    for (std::size_t cut = 0; cut <= length; cut += 11) {
      Sha256 hash;
      hash.update(whole.substr(0, cut));
      CHECK(hash.hex() == hash_of(whole.substr(0, cut)));
      hash.update(whole.substr(cut));
      CHECK(hash.hex() == hash_of(whole));
    }
  }
}
