/// Two-hop reasoning: does a model that knows both facts of a chain know where the chain ends?
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/protocols/protocol.hpp"
#include "quantlens/tasks/fact_prompts.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

class Conversation;

/// The protocol `two_hop`. An entity e1 leads to the bridge e2 = r1(e1), and that to the answer r2(e2). first_hop asks
/// for r1(e1), second_hop for r2(e2) with the bridge named in the question, two_hop for r2(r1(e1)) without it. Right:
/// the greedy completion, without blanks at its ends, starts with one of the accepted answers; case counts.
/// two_hop_given_hops is two_hop where both hops are right, and null elsewhere. Examples never share the item's bridge.
/// Prompts: first_hop, second_hop, two_hop. Source: Yang et al. 2024, "Do large language models latently perform
/// multi-hop reasoning?", and its code.
class TwoHop final : public Protocol {
 public:
  [[nodiscard]] std::string_view name() const override { return "two_hop"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override;

  [[nodiscard]] std::vector<Metric> metrics() const override;

  [[nodiscard]] bool supports(const Task& task) const override;

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const override;

 private:
  struct Question {
    std::string_view prompt;
    std::string_view answers;  ///< the key of what is accepted
    MetricInfo metric;
  };
  static constexpr std::array questions{Question{"first_hop", "bridge", metric::first_hop},
                                        Question{"second_hop", "answer", metric::second_hop},
                                        Question{"two_hop", "answer", metric::two_hop}};

  static void ask(const Question& question, const Task& task, std::span<const Item> items, FactExamples& examples,
                  Conversation& conversation);
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/two_hop_impl.hpp"
#endif
