/// The engine's scheduling.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/runtime/answer_choice.hpp"
#include "quantlens/runtime/engine.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE Engine::Engine(const Transformer& model, EngineOptions options)
    : model_(model), options_(options), work_(model.make_workspace()), prefixes_(prefix_pages()) {
  if (options_.threads == 0 || options_.batch == 0 || options_.chunk == 0)
    throw InputError("engine", "threads, batch and chunk must be at least 1");
}

QUANTLENS_INLINE void Engine::use_threads(std::size_t threads) {
  if (threads == 0) throw InputError("engine", "threads must be at least 1");
  const Exclusive::Use use(in_use_, "this model");
  options_.threads = threads;
}

QUANTLENS_INLINE std::vector<float> Engine::run_with_hooks(std::span<const TokenId> tokens, const Hooks& hooks,
                                                           std::size_t first_logit) {
  const Exclusive::Use use(in_use_, "this model");
  check(tokens);
  const std::size_t vocab = model_.config.vocab_size;
  std::vector<float> logits((tokens.size() - std::min(first_logit, tokens.size())) * vocab);
  KvCache cache(model_.kv_shape());
  const SequenceChunk chunk{&cache, tokens, first_logit};
  model_.forward(
      {&chunk, 1}, options_.threads, work_,
      [&](std::size_t row, std::span<const float> values) {
        std::ranges::copy(values, logits.begin() + static_cast<std::ptrdiff_t>(row * vocab));
      },
      &hooks);
  return logits;
}

QUANTLENS_INLINE std::size_t Engine::prefix_pages() const {
  const std::size_t page_bytes = model_.kv_shape().page_floats() * sizeof(float);
  return options_.prefix_cache_mib * 1024 * 1024 / page_bytes + 1;
}

QUANTLENS_INLINE void Engine::check(std::span<const TokenId> tokens) const {
  if (tokens.empty()) throw ItemError("engine", "a prompt without tokens; the model has nothing to go on");
  for (const TokenId token : tokens)
    if (token < 0 || static_cast<std::size_t>(token) >= model_.config.vocab_size)
      throw ItemError("engine", concat("token id ", token, " is not in the vocabulary of ", model_.config.vocab_size));
  if (tokens.size() > model_.config.n_ctx)
    throw ItemError("n_ctx", concat("a prompt of ", tokens.size(), " tokens exceeds the model's context of ",
                                    model_.config.n_ctx, "; shorten the input"));
}

QUANTLENS_INLINE Engine::Sequence Engine::start(std::size_t request, std::vector<TokenId> tokens,
                                                std::size_t first_logit) {
  check(tokens);
  // Chunks of less than a page could never fill one.
  const bool shares = options_.shared_prefix && options_.chunk >= page_positions;
  Sequence sequence{request, 1, std::move(tokens), first_logit, KvCache(model_.kv_shape()), nullptr, Clock::now()};
  if (shares) sequence.node = &prefixes_.root();
  return sequence;
}

/// Takes over the pages that are already there. Only whole pages without wanted logits are shared.
QUANTLENS_INLINE void Engine::adopt_pages(Sequence& sequence) {
  while (PrefixCache::Node* next = next_page(sequence, sequence.cache.length())) {
    if (next->page == nullptr) return;
    sequence.cache.adopt(next->page);
    sequence.node = next;
  }
}

/// The node of the page that begins at `position`, null where the sequence shares no more.
QUANTLENS_INLINE PrefixCache::Node* Engine::next_page(Sequence& sequence, std::size_t position) {
  if (sequence.node != nullptr && position + page_positions > std::min(sequence.first_logit, sequence.tokens.size()))
    sequence.node = nullptr;
  if (sequence.node == nullptr) return nullptr;
  return &prefixes_.child(*sequence.node, std::span(sequence.tokens).subspan(position, page_positions));
}

/// How many tokens of the sequence the next pass takes, at most `budget`: claims the pages that the pass will fill, and
/// stops before one that another sequence of the same pass fills.
QUANTLENS_INLINE std::size_t Engine::next_chunk(Sequence& sequence, std::size_t budget, std::vector<Claim>& claimed) {
  adopt_pages(sequence);
  const std::size_t limit = std::min({options_.chunk, budget, sequence.tokens.size() - sequence.cache.length()});
  std::size_t taken = 0;
  while (PrefixCache::Node* next = next_page(sequence, sequence.cache.length() + taken)) {
    if (taken + page_positions > limit) return taken;
    const bool in_flight = std::any_of(claimed.begin(), claimed.end(), [&](const Claim& c) { return c.node == next; });
    if (in_flight || next->page != nullptr) return taken;
    claimed.push_back({next, (sequence.cache.length() + taken) / page_positions});
    sequence.node = next;
    taken += page_positions;
  }
  return limit;
}

/// One pass over `lengths[i]` further tokens of each sequence.
QUANTLENS_INLINE void Engine::step(std::span<Sequence*> sequences, std::span<const std::size_t> lengths,
                                   const RowConsumer& consume) {
  std::vector<SequenceChunk> chunks;
  std::vector<std::pair<Sequence*, std::size_t>> wanted;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    Sequence& sequence = *sequences[i];
    const std::size_t begin = sequence.cache.length(), end = begin + lengths[i];
    const std::size_t first = std::clamp(sequence.first_logit, begin, end);
    for (std::size_t position = first; position < end; ++position) wanted.emplace_back(&sequence, position);
    chunks.push_back({&sequence.cache, std::span(sequence.tokens).subspan(begin, lengths[i]), first - begin});
  }
  model_.forward(chunks, options_.threads, work_, [&](std::size_t row, std::span<const float> logits) {
    consume(*wanted[row].first, wanted[row].second, logits);
  });
}

/// Computes every token of every sequence.
QUANTLENS_INLINE void Engine::prefill(std::span<Sequence*> sequences, const RowConsumer& consume) {
  const auto begin = Clock::now();
  while (true) {
    InterruptGuard::check();
    std::vector<Sequence*> taking;
    std::vector<std::size_t> lengths;
    std::vector<std::vector<Claim>> claims;
    std::vector<Claim> claimed;
    std::size_t budget = options_.chunk;
    for (Sequence* sequence : sequences) {
      if (sequence->ready() || budget == 0) continue;
      const std::size_t before = claimed.size();
      const std::size_t length = next_chunk(*sequence, budget, claimed);
      if (length == 0) continue;
      taking.push_back(sequence);
      lengths.push_back(length);
      claims.emplace_back(claimed.begin() + static_cast<std::ptrdiff_t>(before), claimed.end());
      budget -= length;
      counters_.prompt_tokens += length;
    }
    if (taking.empty()) break;
    step(taking, lengths, consume);
    for (std::size_t i = 0; i < taking.size(); ++i)
      for (const auto& [node, page] : claims[i]) node->page = taking[i]->cache.pages()[page];
  }
  for (Sequence* sequence : sequences) sequence->node = nullptr;
  counters_.prompt_seconds += std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Runs prompts `batch` at a time; `follow(wave)` is called with each wave before its caches go. For requests that end
/// with their prompt.
template <class Follow>
void Engine::prefill_all(std::vector<Sequence> sequences, const RowConsumer& consume, const Follow& follow) {
  for (std::size_t first = 0; first < sequences.size(); first += options_.batch) {
    std::vector<Sequence*> wave;
    for (std::size_t i = first; i < std::min(first + options_.batch, sequences.size()); ++i)
      wave.push_back(&sequences[i]);
    prefill(wave, consume);
    follow(wave);
    for (Sequence* sequence : wave) sequence->cache = KvCache(model_.kv_shape());
  }
  prefixes_.trim();
}

namespace engine_detail {

/// Tokens of a request that are scored: all that have one before them.
[[nodiscard]] inline std::size_t n_scored(const ScoreRequest& request) {
  const std::size_t n = request.continuation.size();
  return request.context.empty() && n > 0 ? n - 1 : n;
}

/// What a request's pass takes: its last token predicts nothing that is scored.
[[nodiscard]] inline std::vector<TokenId> scored_tokens(const ScoreRequest& request) {
  std::vector<TokenId> tokens = request.context;
  tokens.insert(tokens.end(), request.continuation.begin(), request.continuation.end() - 1);
  return tokens;
}

}  // namespace engine_detail

QUANTLENS_INLINE void Engine::check(const ScoreRequest& request) const {
  if (engine_detail::n_scored(request) > 0) check(engine_detail::scored_tokens(request));
}

/// The continuations behind a context that is computed: all but their first tokens, which its last logits tell of.
QUANTLENS_INLINE void Engine::score_branches(std::span<Sequence* const> stems, std::span<const ScoreRequest> requests,
                                             const RowConsumer& consume) {
  std::vector<std::pair<const Sequence*, std::size_t>> branches;
  for (const Sequence* stem : stems)
    for (std::size_t r = stem->request; stem->n_requests > 1 && r < stem->request + stem->n_requests; ++r)
      if (requests[r].continuation.size() > 1) branches.emplace_back(stem, r);
  for (std::size_t first = 0; first < branches.size(); first += options_.batch) {
    const std::size_t n = std::min(options_.batch, branches.size() - first);
    std::vector<Sequence> sequences;
    std::vector<Sequence*> wave;
    for (const auto& [stem, r] : std::span(branches).subspan(first, n))
      sequences.push_back({r, 1, engine_detail::scored_tokens(requests[r]), requests[r].context.size(),
                           stem->cache.fork(), nullptr, Clock::now()});
    for (Sequence& sequence : sequences) wave.push_back(&sequence);
    prefill(wave, consume);
  }
}

QUANTLENS_INLINE std::vector<ScoreResult> Engine::score(std::span<const ScoreRequest> requests) {
  const Exclusive::Use use(in_use_, "this model");
  std::vector<ScoreResult> results(requests.size());
  std::vector<std::vector<char>> greedy(requests.size());
  std::vector<Sequence> sequences;
  for (const ScoreRequest& request : requests) check(request);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const ScoreRequest& request = requests[i];
    const std::size_t n_scored = engine_detail::n_scored(request);
    results[i].token_logprobs.resize(n_scored);
    greedy[i].assign(n_scored, 0);
    if (n_scored == 0) continue;
    const bool shares = options_.shared_prefix && !request.context.empty();
    if (shares && !sequences.empty() && sequences.back().request + sequences.back().n_requests == i &&
        requests[sequences.back().request].context == request.context) {
      Sequence& stem = sequences.back();
      stem.tokens.resize(request.context.size());
      ++stem.n_requests;
      continue;
    }
    sequences.push_back(
        start(i, engine_detail::scored_tokens(request), std::max<std::size_t>(request.context.size(), 1) - 1));
  }
  const RowConsumer take = [&](Sequence& sequence, std::size_t position, std::span<const float> logits) {
    const double total = model_.kernels->log_sum_exp(logits.data(), logits.size());
    const TokenId best = greedy_token(logits);
    for (std::size_t r = sequence.request; r < sequence.request + sequence.n_requests; ++r) {
      const std::size_t n_context = requests[r].context.size();
      const TokenId target = requests[r].continuation[position + 1 - n_context];
      const std::size_t index = position + 1 - std::max<std::size_t>(n_context, 1);
      results[r].token_logprobs[index] = static_cast<double>(logits[static_cast<std::size_t>(target)]) - total;
      greedy[r][index] = best == target;
    }
  };
  prefill_all(std::move(sequences), take,
              [&](std::span<Sequence* const> stems) { score_branches(stems, requests, take); });
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::size_t first = std::max<std::size_t>(requests[i].context.size(), 1);
    for (std::size_t t = 0; t < results[i].token_logprobs.size(); ++t) {
      const double logprob = results[i].token_logprobs[t];
      require_token(std::isfinite(logprob) ? requests[i].continuation.back() : no_token, first + t);
      results[i].logprob += logprob;
    }
    results[i].n_greedy =
        static_cast<std::size_t>(std::find(greedy[i].begin(), greedy[i].end(), 0) - greedy[i].begin());
  }
  return results;
}

QUANTLENS_INLINE std::vector<std::vector<float>> Engine::next_token_probs(
    std::span<const std::vector<TokenId>> prompts) {
  const Exclusive::Use use(in_use_, "this model");
  std::vector<std::vector<float>> results(prompts.size(), std::vector<float>(model_.config.vocab_size));
  std::atomic<bool> overflows = false;
  std::vector<Sequence> sequences;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::size_t n = prompts[i].size();
    sequences.push_back(start(i, prompts[i], n == 0 ? 0 : n - 1));
  }
  prefill_all(
      std::move(sequences),
      [&](Sequence& sequence, std::size_t, std::span<const float> logits) {
        if (!all_finite(logits)) overflows = true;
        const double total = model_.kernels->log_sum_exp(logits.data(), logits.size());
        for (std::size_t i = 0; i < logits.size(); ++i)
          results[sequence.request][i] = static_cast<float>(std::exp(static_cast<double>(logits[i]) - total));
      },
      [](std::span<Sequence* const>) {});
  if (overflows) throw Error("not_finite", "the logits behind a prompt are not all finite: activations overflow");
  return results;
}

QUANTLENS_INLINE std::vector<GenerateResult> Engine::generate(std::span<const GenerateRequest> requests) {
  const Exclusive::Use use(in_use_, "this model");
  std::vector<GenerateResult> results(requests.size());
  std::vector<Rng> random;
  for (const GenerateRequest& request : requests) {
    for (const std::vector<TokenId>& answer : request.answers) check(answer);
    random.emplace_back(request.sampling.seed);
  }
  std::vector<TokenId> chosen(requests.size());
  const RowConsumer choose = [&](Sequence& sequence, std::size_t, std::span<const float> logits) {
    const std::size_t i = sequence.request;
    const GenerateRequest& request = requests[i];
    chosen[i] = request.answers.empty() ? sample_token(logits, request.sampling, random[i])
                                        : choose_among(logits, next_of_answers(request.answers, results[i].tokens),
                                                       model_.config.stop_tokens, request.sampling, random[i]);
  };
  const auto seconds_since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  // Takes the chosen token; true where the sequence goes on.
  const auto accept = [&](Sequence& sequence) {
    GenerateResult& result = results[sequence.request];
    const TokenId token = chosen[sequence.request];
    require_token(token, sequence.tokens.size());
    const auto& stops = model_.config.stop_tokens;
    result.stopped = std::find(stops.begin(), stops.end(), token) != stops.end();
    if (!result.stopped) {
      result.tokens.push_back(token);
      sequence.tokens.push_back(token);
      sequence.first_logit = sequence.tokens.size() - 1;
    }
    result.seconds = seconds_since(sequence.started);
    if (result.seconds_to_first_token == 0) result.seconds_to_first_token = result.seconds;
    const auto& answers = requests[sequence.request].answers;
    if (!answers.empty() && next_of_answers(answers, result.tokens).at_end()) result.stopped = true;
    return !result.stopped && result.tokens.size() < requests[sequence.request].max_new_tokens &&
           sequence.tokens.size() < model_.config.n_ctx;
  };

  std::vector<Sequence> active;
  std::size_t next = 0;
  while (next < requests.size() || !active.empty()) {
    InterruptGuard::check();
    const std::size_t n_running = active.size();
    for (; next < requests.size() && active.size() < options_.batch; ++next) {
      const auto& prompt = requests[next].prompt;
      if (requests[next].max_new_tokens == 0) continue;
      active.push_back(start(next, prompt, prompt.empty() ? 0 : prompt.size() - 1));
    }
    const auto pointers = [&](std::size_t first) {
      std::vector<Sequence*> result;
      for (std::size_t i = first; i < active.size(); ++i) result.push_back(&active[i]);
      return result;
    };
    if (active.size() > n_running) {
      auto fresh = pointers(n_running);
      prefill(fresh, choose);
      prefixes_.trim();
    }
    std::erase_if(active, [&](Sequence& sequence) { return !accept(sequence); });
    if (active.empty()) continue;
    const auto begin = Clock::now();
    auto running = pointers(0);
    step(running, std::vector<std::size_t>(running.size(), 1), choose);
    counters_.generated_tokens += running.size();
    counters_.generate_seconds += seconds_since(begin);
  }
  return results;
}

}  // namespace quantlens::inline QUANTLENS_ABI
