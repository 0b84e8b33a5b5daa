/// Asks a model a question and prints its answer. Usage: generate [MODEL [FORMAT [QUESTION]]]
#include <exception>
#include <iostream>
#include <memory>
#include <string>

#include "quantlens/quantlens.hpp"

int main(int argc, char** argv) try {
  const std::string model_name = argc > 1 ? argv[1] : "refworld-small";  // or a GGUF file, or a Hugging Face folder
  const std::string format_name = argc > 2 ? argv[2] : "rtn-w4-g64";
  const std::string question = argc > 3 ? argv[3] : "topic: The striker scored against the goalkeeper.";

  // A session holds the file; each format of it is a model of its own.
  const quantlens::ModelSession session(quantlens::find_model(model_name), {});
  for (const std::string& note : session.notes()) std::cerr << "note: " << note << '\n';
  const auto model = session.build(quantlens::parse_format(format_name));

  quantlens::CompletionRequest request;
  request.prompt.messages = {{"user", question}};
  request.max_new_tokens = 32;
  const quantlens::Completion answer = model->complete({&request, 1}).front();

  std::cout << question << "\n-> " << answer.text << "\n   (" << answer.n_tokens << " tokens"
            << (answer.stopped ? "" : ", cut off") << ")\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
