/// Probabilities of every next token, for checkpoint_logits.py: `token_probs MODEL FORMAT TOKENS OUT`. TOKENS holds
/// token ids as text, separated by white space; OUT becomes little-endian floats [n_tokens, vocab_size], row t for what
/// follows the first t + 1 tokens.
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "quantlens/models/model_session.hpp"

namespace {

using namespace quantlens;

void run(char** arguments) {
  std::ifstream tokens(arguments[3]);
  std::vector<std::vector<TokenId>> prompts;
  for (TokenId token; tokens >> token;) {
    std::vector<TokenId> prompt = prompts.empty() ? std::vector<TokenId>{} : prompts.back();
    prompt.push_back(token);
    prompts.push_back(std::move(prompt));
  }
  if (prompts.empty() || !tokens.eof()) throw InputError("file", concat(arguments[3], ": expected token ids"));
  const ModelSession session(arguments[1], EngineOptions{});
  const Transformer transformer = session.build_transformer(parse_format(arguments[2]));
  std::ofstream out(arguments[4], std::ios::binary);
  for (const std::vector<float>& row : Engine(transformer, session.options()).next_token_probs(prompts))
    out.write(reinterpret_cast<const char*>(row.data()), static_cast<std::streamsize>(row.size() * sizeof(float)));
  if (!out.flush()) throw InputError("file", concat(arguments[4], ": cannot be written"));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 5) throw InputError("usage", "expected MODEL FORMAT TOKENS OUT");
    run(argv);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "token_probs: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
