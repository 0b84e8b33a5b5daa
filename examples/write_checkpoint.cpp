/// Quantizes a model with GPTQ, writes it as GPTQModel would, and opens it again.
/// Usage: write_checkpoint [MODEL [FOLDER]]      MODEL: a Hugging Face folder, FOLDER: a new one
#include <cmath>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include "quantlens/checkpoints/write.hpp"
#include "quantlens/convert/quantize_weights.hpp"
#include "quantlens/quantlens.hpp"

int main(int argc, char** argv) try {
  const std::string model_name = argc > 1 ? argv[1] : "refworld-small";
  const std::filesystem::path folder = argc > 2 ? argv[2] : model_name + "-gptq";
  const quantlens::FormatSpec format = quantlens::parse_format("gptq-w4-g64-asym");

  // The text that GPTQ looks at: 16 windows of 128 tokens of the set that comes with quantlens.
  const quantlens::ModelSession session(quantlens::find_model(model_name), {}, {{}, 16, 128});
  quantlens::BuildOptions options;
  options.calibration = &session.calibration();

  // The second version of the format holds zero points as they are.
  quantlens::ModelFile quantized = session.file();
  quantized.weights = quantlens::quantize(session.file().weights, format, session.kernels(), options);
  quantlens::write_checkpoint(quantized, folder, quantlens::CheckpointFormat::gptq_v2);

  // The folder opens as any model; `native` is what its codes say.
  const quantlens::ModelSession written(folder, {});
  const quantlens::ContinuationRequest request{{{}, "In Senegal, people pay with the"}, {" franc."}};
  const auto probability = [&](const quantlens::ModelSession& source, const std::string& name) {
    const auto model = source.build(quantlens::parse_format(name));
    return std::exp(model->score({&request, 1}).front().front().logprob);
  };
  const double before = probability(session, format.name()), after = probability(written, "native");
  std::cout << folder.string() << " holds " << written.file().weights.source_types
            << "\nprobability of \"franc\": full " << probability(session, "full") << ", quantized " << before
            << ", read back " << after << (after == before ? ", the same" : ", NOT the same") << '\n';
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
