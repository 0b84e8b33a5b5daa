// Long work ends at the next step after a signal, from teams of threads, too.
#include <catch2/catch.hpp>
#include <csignal>
#include <span>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "../runtime/model_fixtures.hpp"
#include "quantlens/checkpoints/gguf.hpp"
#include "quantlens/checkpoints/write.hpp"
#include "quantlens/convert/gram.hpp"
#include "quantlens/convert/quantize_matrix.hpp"
#include "quantlens/convert/quantize_weights.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens/quant/awq.hpp"
#include "quantlens/quant/awq_clip.hpp"
#include "quantlens/quant/awq_error.hpp"
#include "quantlens/quant/awq_scales.hpp"
#include "quantlens/quant/bnb_4bit.hpp"
#include "quantlens/quant/bnb_int8.hpp"
#include "quantlens/quant/gptq.hpp"
#include "quantlens/quant/hqq.hpp"
#include "quantlens/stats/bootstrap.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// A signal has come before the work begins.
template <class Work>
void check_interrupted(const std::string& what, Work&& work) {
  CAPTURE(what);
  const InterruptGuard guard;
  std::raise(SIGTERM);
  CHECK_THROWS_AS(work(), Interrupted);
}

struct Matrices {
  std::vector<float> w = std::vector<float>(16 * 64, 0.25f), x = std::vector<float>(32 * 64, 0.5f);
  MatrixView<const float> weights{w.data(), 16, 64}, inputs{x.data(), 32, 64};

  Matrices() {
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<float>(i * 37 % 101) - 50.0f;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 53 % 89) - 44.0f;
  }
};

}  // namespace

TEST_CASE("every quantizer of a matrix is interrupted") {
  const Matrices m;
  for (const char* name :
       {"rtn-w4-g32", "hqq-w4-g32", "bnb-nf4", "bnb-fp4-dq", "bnb-int8", "int8-weight-only", "gguf-q4_0", "gguf-q8_0"})
    check_interrupted(name, [&] { static_cast<void>(quantize_floats(name, m.weights, parse_format(name))); });

  for (const std::size_t threads : {1u, 2u}) {
    const AwqGroups groups{4, 32, false};
    const NamedMatrix weights{"w", m.weights}, inputs{"x", m.inputs};
    check_interrupted("clips", [&] { static_cast<void>(search_awq_clips(weights, inputs, groups, threads)); });
    check_interrupted("errors", [&] { static_cast<void>(output_error(m.inputs, m.weights, m.weights, threads)); });
    check_interrupted("hessian", [&] { static_cast<void>(hessian_of(m.inputs, active_kernels(), threads)); });
    const Hessian hessian = hessian_of(m.inputs, active_kernels(), 1);
    GptqSettings gptq = gptq_settings(parse_format("gptq-w4-g32"));
    gptq.threads = threads;
    check_interrupted("gptq", [&] { static_cast<void>(gptq_matrix(m.weights, hessian, gptq)); });
  }
  check_interrupted("awq", [&] { static_cast<void>(Awq<Affine, 4>{32}.quantize(m.weights)); });
  check_interrupted("streaming", [&] { static_cast<void>(stream(pack<Affine, 4>(16, 64, 32))); });
}

TEST_CASE("the search for scales ends at the exponent at which the signal came") {
  const Matrices m;
  const NamedMatrix weights{"w", m.weights};
  const std::vector<double> means(64, 1.0);
  const InterruptGuard guard;
  int n_tried = 0;
  const auto loss = [&](std::span<const MatrixView<const float>>) {
    if (++n_tried == 3) std::raise(SIGINT);
    return 1.0;
  };
  CHECK_THROWS_AS(search_awq_scales({&weights, 1}, means, {4, 32, false}, AwqScaleRule::duo, loss, 1), Interrupted);
  CHECK(n_tried == 3);
}

TEST_CASE("building a format is interrupted with any number of threads, and keeps finished blocks") {
  const test::TempFolder folder;
  const auto text = folder.write("text.txt", std::string(400, 'a'));
  const std::size_t threads = GENERATE(1u, 2u);
  const ModelSession session(models_folder() / "tiny-llama", {.threads = threads}, {text, 2, 24});
  static_cast<void>(session.calibration());
  for (const char* format : {"full", "rtn-w4", "gptq-w4", "awq-w4"})
    check_interrupted(format, [&] { static_cast<void>(session.build_transformer(parse_format(format))); });

  const InterruptGuard guard;
  std::size_t n_finished = 0;
  const auto progress = [&](std::size_t n_done, std::size_t) {
    n_finished = n_done;
    std::raise(SIGTERM);
  };
  CHECK_THROWS_AS(session.build_transformer(parse_format("gptq-w4"), progress), Interrupted);
  CHECK(n_finished == 1);
}

TEST_CASE("writing a model is interrupted and leaves nothing under its name") {
  const test::TempFolder folder;
  const ModelFile model = load_model(models_folder() / "tiny-llama");
  check_interrupted("gguf", [&] {
    write_gguf_model(model, folder.path() / "out.gguf", {GgmlType::f16, GgmlType::f16});
  });
  CHECK(std::filesystem::is_empty(folder.path()));

  ModelFile quantized = model;
  quantized.weights = quantize(model.weights, parse_format("rtn-w4"), active_kernels(), {.threads = 1});
  check_interrupted("folder", [&] { write_checkpoint(quantized, folder.path() / "out", CheckpointFormat::gptq_v2); });
  CHECK_FALSE(std::filesystem::exists(folder.path() / "out/config.json"));
}

TEST_CASE("resampling is interrupted") {
  const std::vector<double> values{0.1, 0.4, 0.2};
  check_interrupted("bootstrap", [&] { static_cast<void>(bca_mean(values, {})); });
}
