// What threads may share, and what happens where they share more. scripts/check runs this under ThreadSanitizer,
// without OpenMP: its runtimes are no code that the sanitizer sees.
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../io/temp_folder.hpp"
#include "../runtime/model_fixtures.hpp"
#include "quantlens/models/model_session.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// Runs `work(t)` in several threads at once.
template <class Work>
void in_threads(std::size_t n, Work&& work) {
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < n; ++t) threads.emplace_back([&work, t] { work(t); });
  for (std::thread& thread : threads) thread.join();
}

std::string completion_of(FormatModel& model) {
  const CompletionRequest request{{{}, "The sky"}, 6};
  return model.complete({&request, 1})[0].text;
}

}  // namespace

TEST_CASE("threads that share a session, each with a model of its own, get what one thread gets") {
  const ModelSession session(models_folder() / "tiny-llama", {.threads = 1});
  const std::vector<std::string> formats{"full", "rtn-w4"};
  std::vector<std::string> expected;
  for (const std::string& format : formats) expected.push_back(completion_of(*session.build(parse_format(format))));

  std::vector<std::string> texts(4);
  in_threads(texts.size(), [&](std::size_t t) {
    texts[t] = completion_of(*session.build(parse_format(formats[t % formats.size()])));
  });
  for (std::size_t t = 0; t < texts.size(); ++t) CHECK(texts[t] == expected[t % formats.size()]);
}

TEST_CASE("calibration text is read once, whichever thread asks first") {
  const test::TempFolder folder;
  const auto text = folder.write("text.txt", "Every thread may ask for the text, and the first one reads it for all.");
  const ModelSession session(models_folder() / "tiny-llama", {.threads = 1}, {text, 2, 24});
  std::vector<const Calibration*> seen(4);
  std::vector<Transformer> built(2);
  in_threads(4, [&](std::size_t t) {
    seen[t] = &session.calibration();
    if (t < built.size()) built[t] = session.build_transformer(parse_format("gptq-w4"));
  });
  for (const Calibration* calibration : seen) CHECK(calibration == seen[0]);
  CHECK(seen[0]->sequences.size() == 2);
  const std::vector<TokenId> tokens{1, 2, 3};
  CHECK(all_logits(built[0], tokens) == all_logits(built[1], tokens));
}

TEST_CASE("calibration that cannot be read is an error for every thread, and for the next one, too") {
  const ModelSession session(models_folder() / "tiny-llama", {.threads = 1}, {"no-such-file.txt", 1, 8});
  std::atomic<int> n_errors{0};
  in_threads(3, [&](std::size_t) {
    try {
      static_cast<void>(session.calibration());
    } catch (const InputError&) {
      ++n_errors;
    }
  });
  CHECK(n_errors == 3);
  CHECK_THROWS_AS(session.calibration(), InputError);
}

TEST_CASE("a model that two threads call answers one of them, and tells the other that it is busy") {
  const ModelSession session(models_folder() / "tiny-llama", {.threads = 1});
  const std::shared_ptr<FormatModel> model = session.build(parse_format("full"));
  const std::string expected = completion_of(*model);
  std::atomic<int> answered{0}, busy{0}, wrong{0};
  std::atomic<std::size_t> n_ready{0};
  constexpr std::size_t n_threads = 4, n_calls = 25;
  in_threads(n_threads, [&](std::size_t t) {
    ++n_ready;
    while (n_ready < n_threads) std::this_thread::yield();
    for (std::size_t call = 0; call < n_calls; ++call) try {
        if (t == 0) {
          const std::vector<std::string> texts{"The sky is blue."};
          static_cast<void>(model->score_text(texts));
          model->forget_prompts();
        } else if (completion_of(*model) != expected) {
          ++wrong;
        }
        ++answered;
      } catch (const InputError& error) {
        ++(error.id() == "busy" ? busy : wrong);
      }
  });
  CHECK(wrong == 0);
  CHECK(answered > 0);
  CHECK(answered + busy == static_cast<int>(n_threads * n_calls));
  CHECK(completion_of(*model) == expected);
}

TEST_CASE("threads with an engine each share a transformer") {
  const ModelFile file = load_model(models_folder() / "tiny-llama");
  const Transformer model = build(file, "full");
  const std::vector<std::vector<TokenId>> prompts{{1, 2, 3}, {4, 5}, {1, 2, 3, 4}};
  std::vector<std::vector<std::vector<float>>> seen(3);
  in_threads(seen.size(), [&](std::size_t t) { seen[t] = Engine(model, {.threads = 1}).next_token_probs(prompts); });
  CHECK(seen[1] == seen[0]);
  CHECK(seen[2] == seen[0]);
}

TEST_CASE("engines refuse a second caller in every public call, and work on behind it") {
  const ModelFile file = load_model(models_folder() / "tiny-llama");
  const Transformer model = build(file, "full");
  Engine engine(model, {.threads = 1, .batch = 1});
  const std::vector<std::vector<TokenId>> prompts(200, {1, 2, 3});
  std::atomic<bool> done{false};
  std::atomic<int> busy{0};
  std::thread other([&] {
    int turn = 0;
    while (!done) try {
        const std::vector<TokenId> prompt{4, 5};
        const GenerateRequest generate{prompt, 1, {}};
        ScoreRequest score;
        score.context = prompt;
        score.continuation = prompt;
        switch (turn++ % 4) {
          case 0:
            static_cast<void>(engine.score({&score, 1}));
            break;
          case 1:
            static_cast<void>(engine.generate({&generate, 1}));
            break;
          case 2:
            static_cast<void>(engine.next_token_probs({&prompt, 1}));
            break;
          default:
            engine.forget_prompts();
        }
      } catch (const InputError& error) {
        if (error.id() == "busy") ++busy;
      }
  });
  std::vector<std::vector<float>> probabilities;
  while (probabilities.empty() || busy < 8) try {
      probabilities = engine.next_token_probs(prompts);
    } catch (const InputError& error) {
      if (error.id() != "busy") throw;
    }
  done = true;
  other.join();
  CHECK(engine.next_token_probs(prompts) == probabilities);
}
