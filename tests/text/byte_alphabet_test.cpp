#include "quantlens/text/byte_alphabet.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace quantlens;

TEST_CASE("each byte has its own printable character, and the published ones are right") {
  std::set<char32_t> characters;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    characters.insert(byte_alphabet[byte]);
    CHECK(byte_of_character(byte_alphabet[byte]) == static_cast<unsigned char>(byte));
    CHECK(byte_alphabet[byte] > 0x20);
  }
  CHECK(characters.size() == 256);
  CHECK(byte_alphabet[' '] == 0x120);
  CHECK(byte_alphabet['\n'] == 0x10a);
  CHECK(byte_alphabet['a'] == 'a');
  CHECK(byte_alphabet[0xad] == 0x143);
  CHECK(byte_alphabet[0xff] == 0xff);
  CHECK_FALSE(byte_of_character(' '));
  CHECK_FALSE(byte_of_character(0x144));
}

TEST_CASE("a spelling outside of the alphabet stands for itself") {
  CHECK(bytes_of_spelling("\u0120hello\u010a") == " hello\n");
  CHECK(bytes_of_spelling("\u00c3\u00a9") == "\u00e9");
  CHECK(bytes_of_spelling("two words") == "two words");
  CHECK(bytes_of_spelling("<\uff5cx\uff5c>") == "<\uff5cx\uff5c>");
  CHECK(bytes_of_spelling("").empty());
}
