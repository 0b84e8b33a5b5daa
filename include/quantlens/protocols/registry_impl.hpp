/// What registry.hpp declares, defined.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/protocols/counterfactual.hpp"
#include "quantlens/protocols/nle.hpp"
#include "quantlens/protocols/perturb_test.hpp"
#include "quantlens/protocols/recall.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/protocols/self_consistency.hpp"
#include "quantlens/protocols/two_hop.hpp"

namespace quantlens::inline v0_1 {

QUANTLENS_INLINE std::vector<std::unique_ptr<const Protocol>> make_protocols(ProtocolOptions options) {
  std::vector<std::unique_ptr<const Protocol>> protocols;
  protocols.push_back(std::make_unique<NaturalLanguageExplanation>(options));
  const auto add_counterfactual = [&](std::string_view name, std::vector<std::string_view> turns) {
    protocols.push_back(std::make_unique<Counterfactual>(name, std::move(turns), options));
  };
  add_counterfactual("counterfactual", {"counterfactual"});
  add_counterfactual("counterfactual_guided", {"counterfactual_words", "counterfactual_guided"});
  protocols.push_back(std::make_unique<SelfConsistencyCounterfactual>(options));
  protocols.push_back(std::make_unique<SelfConsistencyRedaction>(options));
  protocols.push_back(std::make_unique<SelfConsistencyWords>(options));
  protocols.push_back(std::make_unique<PerturbTest>(options));
  protocols.push_back(std::make_unique<Recall>(options));
  protocols.push_back(std::make_unique<TwoHop>(options));
  return protocols;
}

QUANTLENS_INLINE std::vector<std::string> protocol_names() {
  std::vector<std::string> names;
  for (const auto& protocol : make_protocols()) names.emplace_back(protocol->name());
  return names;
}

QUANTLENS_INLINE std::unique_ptr<const Protocol> make_protocol(std::string_view name, ProtocolOptions options) {
  for (auto& protocol : make_protocols(options))
    if (protocol->name() == name) return std::move(protocol);
  throw unknown_name("protocol", name, protocol_names());
}

}  // namespace quantlens::inline v0_1
