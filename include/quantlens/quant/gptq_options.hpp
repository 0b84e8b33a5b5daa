/// What a format may tell GPTQ.
#pragma once

#include <array>
#include <string_view>

#include "quantlens/quant/method_options.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

struct GptqOptions {
  bool act_order = false;      ///< inputs with large activations first
  bool static_groups = false;  ///< grids of the weights as they were
  bool whole_range = false;    ///< grids reach the largest weight, their range is not searched
  int damping_percent = 1;     ///< of the mean curvature, added to every input's

  bool operator==(const GptqOptions&) const = default;
};

template <>
inline constexpr auto method_options<GptqOptions> = std::to_array<MethodOption<GptqOptions>>({
    {"act", &GptqOptions::act_order, "act_order", [](const GptqOptions& o) -> SchemeValue { return o.act_order; }},
    {"static", &GptqOptions::static_groups, "static_groups",
     [](const GptqOptions& o) -> SchemeValue { return o.static_groups; }},
    {"minmax", &GptqOptions::whole_range, "grids",
     [](const GptqOptions& o) -> SchemeValue { return std::string_view(o.whole_range ? "minmax" : "searched"); }},
    {"damp", &GptqOptions::damping_percent, "damping",
     [](const GptqOptions& o) -> SchemeValue { return o.damping_percent / 100.0; }, 100, 'P',
     "damping is at most 100 percent of the mean curvature"},
});

}  // namespace quantlens::inline QUANTLENS_ABI
