/// Fuzzes what an endpoint answers.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "quantlens/models/chat_completion.hpp"
#include "standalone_main.hpp"

using namespace quantlens;

/// Any reply is refused by a typed error, or is an answer that can be kept and found again; neither holds the key.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view secret = "secret-key";
  static const ApiKey key{std::string(secret), "the fuzzer"};
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  std::string said = error_message_in(body, key);
  try {
    const nlohmann::json kept = completion_json(parse_chat_reply(body, "question", key));
    said += kept.dump();
    if (completion_json(completion_from_json(nlohmann::json::parse(kept.dump()))) != kept) __builtin_trap();
  } catch (const ItemError& error) {
    said += error.what();
  }
  if (said.find(secret) != std::string::npos) __builtin_trap();
  return 0;
}
