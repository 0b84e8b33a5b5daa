/// Schedules work on a transformer: batches, prompts in chunks, shared prefixes computed once, only the logits asked
/// for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/core/exclusive.hpp"
#include "quantlens/runtime/prefix_cache.hpp"
#include "quantlens/runtime/sampler.hpp"
#include "quantlens/runtime/score_result.hpp"
#include "quantlens/runtime/transformer.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// None of these changes an answer.
struct EngineOptions {
  std::size_t threads = available_threads();
  std::size_t batch = 32;   ///< sequences at a time
  std::size_t chunk = 256;  ///< prompt tokens of one sequence in one pass, and of all together
  bool shared_prefix = true;
  std::size_t prefix_cache_mib = 512;
};

struct ScoreRequest {
  std::vector<TokenId> context;  ///< may be empty: then the continuation's first token is not scored
  std::vector<TokenId> continuation;
};

struct GenerateRequest {
  std::vector<TokenId> prompt;
  std::size_t max_new_tokens = 0;
  Sampling sampling = {};
  std::vector<std::vector<TokenId>> answers = {};  ///< what may be written; empty: anything
};

struct GenerateResult {
  std::vector<TokenId> tokens;  ///< without the stop token
  bool stopped = false;         ///< by a stop token, not by the limit
  double seconds_to_first_token = 0;
  double seconds = 0;
};

/// Work done since the engine was made. Prompt tokens that a shared prefix saved are not counted.
struct EngineCounters {
  std::uint64_t prompt_tokens = 0, generated_tokens = 0;
  double prompt_seconds = 0, generate_seconds = 0;

  EngineCounters& operator+=(const EngineCounters& other) {
    prompt_tokens += other.prompt_tokens;
    generated_tokens += other.generated_tokens;
    prompt_seconds += other.prompt_seconds;
    generate_seconds += other.generate_seconds;
    return *this;
  }
  /// Work done between two readings, the later one on the left.
  [[nodiscard]] friend EngineCounters operator-(EngineCounters after, const EngineCounters& before) {
    after.prompt_tokens -= before.prompt_tokens;
    after.generated_tokens -= before.generated_tokens;
    after.prompt_seconds -= before.prompt_seconds;
    after.generate_seconds -= before.generate_seconds;
    return after;
  }
};

/// Requests in, results out, in the same order. Errors: ItemError for an empty prompt, an unknown token id, or a
/// sequence beyond the model's context; Error "not_finite" where the model computes no number; Interrupted between
/// passes.
/// Threads: an engine is one thread's at a time, however many it computes with; a call while another one is at work is
/// an InputError "busy". Engines share a transformer.
class Engine {
 public:
  /// `model` must outlive the engine.
  Engine(const Transformer& model, EngineOptions options);

  /// With shared prefixes, a context that requests in a row have in common is computed once.
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests);
  std::vector<GenerateResult> generate(std::span<const GenerateRequest> requests);
  /// Probabilities of every token after each prompt. Shape of each: [vocab_size].
  std::vector<std::vector<float>> next_token_probs(std::span<const std::vector<TokenId>> prompts);

  /// Logits behind tokens [first_logit, n) of one sequence, computed in one pass with `hooks`. Nothing of the pass is
  /// shared with other calls, so that what hooks replace stays in it. Shape [n - first_logit, vocab_size].
  /// Errors: ItemError as of a prompt; what a hook throws.
  std::vector<float> run_with_hooks(std::span<const TokenId> tokens, const Hooks& hooks, std::size_t first_logit = 0);

  /// Errors: ItemError for a request that score() would refuse.
  void check(const ScoreRequest& request) const;
  /// How many threads compute from here on. Errors: InputError for none.
  void use_threads(std::size_t threads);

  /// Forgets every shared prefix, so that what follows is timed as if nothing had been asked before.
  void forget_prompts() {
    const Exclusive::Use use(in_use_, "this model");
    prefixes_ = PrefixCache(prefix_pages());
  }

  /// To be read by the thread that calls the engine.
  [[nodiscard]] const EngineCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] const EngineOptions& options() const noexcept { return options_; }
  [[nodiscard]] const Transformer& model() const noexcept { return model_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// A sequence whose prompt is being computed. Logits are wanted for tokens [first_logit, tokens.size()), by
  /// `n_requests` requests from `request` on.
  struct Sequence {
    std::size_t request = 0, n_requests = 1;
    std::vector<TokenId> tokens;
    std::size_t first_logit = 0;
    KvCache cache;
    PrefixCache::Node* node = nullptr;  ///< the page before cache.length()
    Clock::time_point started = {};

    [[nodiscard]] bool ready() const noexcept { return cache.length() == tokens.size(); }
  };
  /// A page that a pass will fill, and its index in the sequence that fills it.
  struct Claim {
    PrefixCache::Node* node;
    std::size_t page;
  };
  /// `position`: index into the sequence's tokens whose successor the logits predict.
  using RowConsumer = std::function<void(Sequence&, std::size_t position, std::span<const float> logits)>;

  [[nodiscard]] Sequence start(std::size_t request, std::vector<TokenId> tokens, std::size_t first_logit);
  void check(std::span<const TokenId> tokens) const;
  void prefill(std::span<Sequence*> sequences, const RowConsumer& consume);
  void adopt_pages(Sequence& sequence);
  [[nodiscard]] PrefixCache::Node* next_page(Sequence& sequence, std::size_t position);
  [[nodiscard]] std::size_t next_chunk(Sequence& sequence, std::size_t budget, std::vector<Claim>& claimed);
  void step(std::span<Sequence*> sequences, std::span<const std::size_t> lengths, const RowConsumer& consume);
  template <class Follow>
  void prefill_all(std::vector<Sequence> sequences, const RowConsumer& consume, const Follow& follow);
  void score_branches(std::span<Sequence* const> stems, std::span<const ScoreRequest> requests,
                      const RowConsumer& consume);
  [[nodiscard]] std::size_t prefix_pages() const;

  const Transformer& model_;
  EngineOptions options_;
  Workspace work_;
  PrefixCache prefixes_;
  EngineCounters counters_;
  Exclusive in_use_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/runtime/engine_impl.hpp"
#endif
