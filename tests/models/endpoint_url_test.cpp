#include "quantlens/models/endpoint_url.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace quantlens;

TEST_CASE("endpoint url: each endpoint has one spelling", "[judge]") {
  const std::vector<std::pair<std::string, std::string>> spellings{
      {"http://localhost:8080", "http://localhost:8080"},
      {"https://API.example.com/", "https://api.example.com"},
      {"https://api.example.com:443/v1", "https://api.example.com"},
      {"http://127.0.0.1:80/some/proxy/v1/", "http://127.0.0.1/some/proxy"},
      {"http://[::1]:8000/v1", "http://[::1]:8000"},
      {"http://[::1]", "http://[::1]"}};
  for (const auto& [text, expected] : spellings) CHECK(parse_endpoint_url(text).text() == expected);
  const EndpointUrl url = parse_endpoint_url("https://h.test/a");
  CHECK(url.tls);
  CHECK(url.origin() == "https://h.test:443");
  CHECK(url.path == "/a");
}

TEST_CASE("endpoint url: what is no endpoint is refused, and a password is not repeated", "[judge]") {
  for (const char* text : {"ftp://h.test", "://h", "http://", "http:///v1", "http://h.test:0", "http://h.test:70000",
                           "http://h.test:", "http://h.test:8x", "http://a b", "http://h.test/a b",
                           "http://h.test/?key=1", "http://h.test#x", "http://[::1", "http://h\"t",
                           "https://h.test/v1/chat/completions", "http://user:hunter2hunter2@h.test"}) {
    INFO(text);
    try {
      static_cast<void>(parse_endpoint_url(text));
      FAIL("it was taken");
    } catch (const InputError& error) {
      CHECK(error.id() == "usage");
      CHECK_THAT(error.what(), !Catch::Contains("hunter2"));
    }
  }
  CHECK(is_url("ftp://x"));
  CHECK_FALSE(is_url("./folder/model.gguf"));
}
