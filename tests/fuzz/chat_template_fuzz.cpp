/// Fuzzes chat templates: the input is a template, rendered for a small chat with a tool.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/io/utf8.hpp"
#include "quantlens/jinja/chat_template.hpp"
#include "standalone_main.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quantlens;
  static const auto context = nlohmann::ordered_json::parse(R"({
    "messages": [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "\u017c\u00f3\u0142w \ud83d\ude00"},
                 {"role": "assistant", "content": "a</think>\n\nb", "tool_calls": [{"function": {"name": "f", "arguments": {"x": [1, 2.5, null]}}}]}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>", "xs": [3, 1, 2]})");
  try {
    const ChatTemplate chat(std::string_view(reinterpret_cast<const char*>(data), size));
    if (first_invalid_utf8(chat.render(context))) __builtin_trap();
  } catch (const InputError&) {
  }
  return 0;
}
