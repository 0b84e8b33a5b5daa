/// Asks a model how likely each of several continuations of a text is. Usage: score [MODEL [FORMAT]]
#include <cmath>
#include <cstddef>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "quantlens/quantlens.hpp"

int main(int argc, char** argv) try {
  const std::string model_name = argc > 1 ? argv[1] : "refworld-small";
  const quantlens::ModelSession session(quantlens::find_model(model_name), {});
  for (const std::string& note : session.notes()) std::cerr << "note: " << note << '\n';
  const auto model = session.build(quantlens::parse_format(argc > 2 ? argv[2] : "rtn-w4-g64"));

  // Without messages the prompt is no chat, but a text that goes on. A continuation begins with its own blank.
  const quantlens::ContinuationRequest request{{{}, "In Senegal, people pay with the"},
                                               {" franc.", " dollar.", " euro."}};
  const std::vector<quantlens::ScoreResult> results = model->score({&request, 1}).front();

  for (std::size_t i = 0; i < results.size(); ++i)
    std::cout << request.prompt.answer_prefix << request.continuations[i] << "  probability "
              << std::exp(results[i].logprob) << (results[i].greedy() ? ", what it would say itself" : "") << '\n';
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
