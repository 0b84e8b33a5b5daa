/// What registry.hpp declares, defined.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/protocols/biasing_features.hpp"
#include "quantlens/protocols/cc_shap.hpp"
#include "quantlens/protocols/chain_of_thought.hpp"
#include "quantlens/protocols/cot_interventions.hpp"
#include "quantlens/protocols/counterfactual.hpp"
#include "quantlens/protocols/explanation_meaning.hpp"
#include "quantlens/protocols/hints.hpp"
#include "quantlens/protocols/judge_rating.hpp"
#include "quantlens/protocols/nle.hpp"
#include "quantlens/protocols/perturb_test.hpp"
#include "quantlens/protocols/recall.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/protocols/row_metrics.hpp"
#include "quantlens/protocols/self_consistency.hpp"
#include "quantlens/protocols/self_rationalization.hpp"
#include "quantlens/protocols/two_hop.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace registry_detail {

template <class P>
[[nodiscard]] std::unique_ptr<Protocol> make() {
  return std::make_unique<P>();
}

/// The line for each protocol of the library, and what was registered.
[[nodiscard]] inline std::vector<ProtocolMaker>& makers() {
  static std::vector<ProtocolMaker> all{make<NaturalLanguageExplanation>,
                                        make<NaiveCounterfactual>,
                                        make<GuidedCounterfactual>,
                                        make<SelfConsistencyCounterfactual>,
                                        make<SelfConsistencyRedaction>,
                                        make<SelfConsistencyWords>,
                                        make<PerturbTest>,
                                        make<AnswerAndExplain>,
                                        make<ExplainAndAnswer>,
                                        make<ChainOfThought>,
                                        make<CotInterventions>,
                                        make<BiasingFeatures>,
                                        make<BiasingAlwaysFirst>,
                                        make<HintTest>,
                                        make<CcShap>,
                                        make<CcShapOfReasoning>,
                                        make<JudgeRating>,
                                        make<TigerScoreJudge>,
                                        make<Simulated>,
                                        make<BartScoreProtocol>,
                                        make<BertScoreProtocol>,
                                        make<EmbeddingSimilarity>,
                                        make<Recall>,
                                        make<TwoHop>};
  return all;
}

/// Makes a choice for each protocol that it is for. Errors: InputError where there is none.
inline void apply(const OptionChoice& choice, std::span<const std::unique_ptr<Protocol>> protocols) {
  std::vector<std::string> names, options;
  bool found = false;
  for (const auto& protocol : protocols) {
    names.emplace_back(protocol->name());
    for (const OptionInfo& info : protocol->options().infos()) options.emplace_back(info.name);
    const bool is_for_it =
        choice.protocol.empty() ? protocol->options().has(choice.option) : choice.protocol == protocol->name();
    if (!is_for_it) continue;
    protocol->options().choose(choice.option, choice.value);
    found = true;
  }
  if (found) return;
  if (choice.protocol.empty()) throw unknown_name("protocol option", choice.option, options);
  throw unknown_name("protocol", choice.protocol, names);
}

}  // namespace registry_detail

QUANTLENS_INLINE void register_protocol(ProtocolMaker maker) { registry_detail::makers().push_back(maker); }

QUANTLENS_INLINE std::vector<std::unique_ptr<const Protocol>> make_protocols(const std::vector<OptionChoice>& choices) {
  std::vector<std::unique_ptr<Protocol>> made;
  for (const ProtocolMaker maker : registry_detail::makers()) {
    made.push_back(maker());
    const auto same = [&](const auto& other) { return other->name() == made.back()->name(); };
    if (std::count_if(made.begin(), made.end(), same) > 1)
      throw InputError("protocol", concat("two protocols are called ", made.back()->name(), "; rename one of them"));
  }
  for (const OptionChoice& choice : choices) registry_detail::apply(choice, made);
  return {std::make_move_iterator(made.begin()), std::make_move_iterator(made.end())};
}

QUANTLENS_INLINE std::vector<std::string> protocol_names() {
  std::vector<std::string> names;
  for (const auto& protocol : make_protocols()) names.emplace_back(protocol->name());
  return names;
}

QUANTLENS_INLINE std::unique_ptr<const Protocol> make_protocol(std::string_view name,
                                                               const std::vector<OptionChoice>& choices) {
  for (auto& protocol : make_protocols(choices))
    if (protocol->name() == name) return std::move(protocol);
  throw unknown_name("protocol", name, protocol_names());
}

QUANTLENS_INLINE std::vector<PromptKind> known_prompts() {
  std::vector<PromptKind> known;
  for (const auto& protocol : make_protocols())
    for (const PromptKind& prompt : protocol->prompts()) {
      const auto same = std::ranges::find(known, prompt.name, &PromptKind::name);
      if (same == known.end())
        known.push_back(prompt);
      else if (*same != prompt)
        throw InputError("protocol", concat("the prompt ", prompt.name, " of ", protocol->name(),
                                            " is another one than an earlier protocol's; rename it"));
    }
  return known;
}

QUANTLENS_INLINE std::vector<MetricInfo> known_metrics() {
  std::vector<MetricInfo> known, beside;
  for (const auto& protocol : make_protocols())
    for (const Metric& metric : row_metrics(*protocol)) {
      std::vector<MetricInfo>& list = metric.info.beside ? beside : known;
      const auto same = std::ranges::find(list, metric.info.name, &MetricInfo::name);
      if (same == list.end())
        list.push_back(metric.info);
      else if (*same != metric.info)
        throw InputError("protocol", concat("the metric ", metric.info.name, " of ", protocol->name(),
                                            " is another one than an earlier protocol's; rename it"));
    }
  known.insert(known.end(), beside.begin(), beside.end());
  return known;
}

}  // namespace quantlens::inline QUANTLENS_ABI
