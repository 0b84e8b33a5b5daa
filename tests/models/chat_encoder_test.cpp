#include "quantlens/models/chat_encoder.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "../runtime/model_fixtures.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

ModelFile file_with(const char* source) {
  ModelFile file = load_model(models_folder() / "tiny-llama");
  file.chat_template = source;
  file.chat = chat_rules(source, file.bos_text, file.eos_text);
  return file;
}

}  // namespace

TEST_CASE("a system text that the template refuses stands in front of the user's, and nothing in it is special") {
  const ChatEncoder encoder(
      file_with("{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"
                "[{{ m.content }}]{% endfor %}"));
  const Prompt prompt{{{"system", "Be <|bos|>"}, {"user", "Hi"}}, "Yes"};
  const std::vector<TokenId> plain = encoder.tokenizer().encode("[Be <|bos|>\n\nHi]Yes");
  CHECK(encoder.encode(prompt) == plain);
  const std::vector<ChatMessage> alone{{"system", "Be kind"}};
  CHECK_THROWS_AS(encoder.dialogue_text(alone), ItemError);
}

TEST_CASE("a template that cannot be read refuses chats, not plain texts") {
  const ChatEncoder encoder(file_with("{% include 'x' %}"));
  const Prompt plain{{}, "Hi"}, chat{{{"user", "Hi"}}, ""};
  CHECK(encoder.encode(plain).size() == 2);
  CHECK_THROWS_WITH(encoder.encode(chat), Catch::Contains("[quantlens.template] the chat template cannot be read"));
}
