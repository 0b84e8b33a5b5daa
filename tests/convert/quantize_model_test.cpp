#include "quantlens/convert/quantize_model.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "../runtime/model_fixtures.hpp"
#include "quantlens/convert/awq_block.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/models/model_session.hpp"

using namespace quantlens;
using namespace quantlens::test;
using Catch::Matchers::Contains;

namespace {

/// The small reference model and a little of our own calibration text.
const ModelSession& session() {
  static const ModelSession session(find_model("refworld-small"), {.threads = 2}, {{}, 24, 128});
  return session;
}

/// Chats that the calibration windows do not reach.
const std::vector<TokenId>& held_out() {
  static const std::vector<TokenId> tokens = [] {
    const Calibration all = load_calibration({{}, 128, 512}, session().encoder(), 512);
    return std::vector<TokenId>(all.sequences.back().begin(), all.sequences.back().begin() + 320);
  }();
  return tokens;
}

/// Mean KL divergence of a format's next-token distributions from those in full precision.
double divergence(const std::vector<float>& full, const std::vector<float>& quantized, std::size_t vocab) {
  double sum = 0;
  for (std::size_t row = 0; row < full.size() / vocab; ++row) {
    const auto log_probs = [&](const std::vector<float>& logits) {
      std::vector<double> result(logits.begin() + static_cast<std::ptrdiff_t>(row * vocab),
                                 logits.begin() + static_cast<std::ptrdiff_t>((row + 1) * vocab));
      double total = 0;
      for (const double v : result) total += std::exp(v);
      for (double& v : result) v -= std::log(total);
      return result;
    };
    const auto p = log_probs(full), q = log_probs(quantized);
    for (std::size_t i = 0; i < vocab; ++i) sum += std::exp(p[i]) * (p[i] - q[i]);
  }
  return sum / static_cast<double>(full.size() / vocab);
}

std::vector<float> logits_of(const std::string& format) {
  return all_logits(session().build_transformer(parse_format(format)), held_out());
}

double divergence_of(const std::string& format) {
  static const std::vector<float> full = logits_of("full");
  return divergence(full, logits_of(format), session().file().weights.config.vocab_size);
}

}  // namespace

TEST_CASE("at the same grid, looking at calibration text brings a model nearer to full precision") {
  const std::string bits = GENERATE("w4", "w3", "w2");
  CAPTURE(bits);
  const double rtn = divergence_of("rtn-" + bits + "-g128-sym");
  CHECK(divergence_of("gptq-" + bits + "-g128") < rtn);
  CHECK(divergence_of("gptq-" + bits + "-g128-act") < rtn);
  if (bits == "w2") return;  // not a width of AWQ
  CHECK(divergence_of("awq-" + bits + "-g128") < divergence_of("rtn-" + bits + "-g128"));
}

TEST_CASE("the methods rank as their bits and tables let them") {
  const double eight = divergence_of("int8-weight-only"), nf4 = divergence_of("bnb-nf4");
  CHECK(eight < 0.1 * nf4);
  CHECK(divergence_of("gptq-w8-g128") < 0.1 * nf4);
  CHECK(eight < divergence_of("bnb-int8"));
  CHECK(divergence_of("bnb-int8") < nf4);
  CHECK(divergence_of("bnb-nf4-dq") == Approx(nf4).epsilon(0.2));
  CHECK(nf4 < divergence_of("bnb-fp4"));
  CHECK(nf4 < divergence_of("rtn-w3-g64"));
  CHECK(divergence_of("hqq-w4-g64") < divergence_of("rtn-w3-g64"));
}

TEST_CASE("a calibrated format is the same for any number of threads, in the int8 forms, too") {
  const std::string format =
      GENERATE("gptq-w3-g32-act", "gptq-w4-g128-a8", "gptq-w4-g128-act-a8", "awq-w4-g64-original",
               "gptq-w4-g64;blocks.*.mlp.*=awq-w4-g32;blocks.*.attn.v=bnb-int8");
  CAPTURE(format);
  const ModelSession one(find_model("refworld-small"), {.threads = 1}, {{}, 4, 64});
  const ModelSession three(find_model("refworld-small"), {.threads = 3}, {{}, 4, 64});
  CHECK(all_logits(one.build_transformer(parse_format(format)), held_out()) ==
        all_logits(three.build_transformer(parse_format(format)), held_out()));
}

TEST_CASE("plans reach the output layer and the embedding, which stay full otherwise") {
  const auto build = [](const char* format) { return session().build_transformer(parse_format(format)); };
  CHECK_FALSE(build("gptq-w4-g128").lm_head.is_packed());
  CHECK(build("gptq-w4-g128;lm_head=gptq-w4-g128").lm_head.is_packed());
  CHECK(build("rtn-w4-g128;embed=rtn-w8").embed.codes != nullptr);
  CHECK(build("rtn-w4-g128").embed.codes == nullptr);
  CHECK(divergence_of("full;embed=rtn-w8-g128;lm_head=rtn-w8-g128") < 0.01);
}

TEST_CASE("what a model cannot be given is refused, naming the matrix or the names that there are") {
  const auto build = [](const char* format) { return session().build_transformer(parse_format(format)); };
  CHECK_THROWS_WITH(build("rtn-w4;blocks.*.attn.x=full"), Contains("blocks.N.attn.{q,k,v,o}"));
  CHECK_THROWS_WITH(build("rtn-w4;blocks.6.attn.q=full"), Contains("from 0 to 5"));
  CHECK_THROWS_WITH(build("gptq-w4-g96"), Contains("blocks.0.attn.q") && Contains("32 64"));
  CHECK_THROWS_WITH(build("rtn-w4;lm_head=awq-w4-g64"), Contains("lm_head") && Contains("fold"));
  CHECK_THROWS_WITH(build("rtn-w4;embed=gptq-w4-g64"), Contains("embed"));
  CHECK_THROWS_WITH(build_transformer(session().file().weights, parse_format("gptq-w4-g64"), active_kernels()),
                    Contains("calibration"));
}

TEST_CASE("calibration text passes through full blocks as through the whole model, bit for bit") {
  const ModelWeights& weights = session().file().weights;
  const KernelTable& kernels = active_kernels();
  const std::vector<std::vector<TokenId>> sequences{{held_out().begin(), held_out().begin() + 40},
                                                    {held_out().begin() + 40, held_out().begin() + 57}};
  CalibrationFlow flow(weights, sequences, kernels, 2);
  for (const BlockWeights& block : weights.blocks) {
    flow.block() = BlockDraft(block, parse_format("full")).full_block(kernels);
    for (flow.begin(); !flow.at_end(); flow.advance()) {
    }
  }
  flow.final_norm();
  const Transformer full = session().build_transformer(parse_format("full"));
  Activations normed;
  normed.resize(flow.n_tokens(), weights.config.d_model);
  for (std::size_t t = 0; t < flow.n_tokens(); ++t)
    std::copy_n(std::as_const(flow).inputs().row(t).data(), weights.config.d_model, normed.row(t));
  std::vector<float> logits(flow.n_tokens() * weights.config.vocab_size);
  LinearScratch scratch;
  scratch.require(weights.config.d_model);
  full.lm_head.apply(Team{}, normed, {logits.data(), weights.config.vocab_size}, scratch);

  std::vector<float> expected;
  for (const auto& sequence : sequences) {
    const auto part = all_logits(full, sequence);
    expected.insert(expected.end(), part.begin(), part.end());
  }
  CHECK(logits == expected);
}
