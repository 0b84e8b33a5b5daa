/// Every protocol by the name that cells use. A new protocol is one header, one test and one line here.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/protocols/protocol.hpp"

namespace quantlens::inline v0_1 {

/// All protocols, in the order in which they are listed.
[[nodiscard]] std::vector<std::unique_ptr<const Protocol>> make_protocols(ProtocolOptions options = {});

[[nodiscard]] std::vector<std::string> protocol_names();

/// Errors: InputError for an unknown name, with the nearest known one.
[[nodiscard]] std::unique_ptr<const Protocol> make_protocol(std::string_view name, ProtocolOptions options = {});

}  // namespace quantlens::inline v0_1

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/registry_impl.hpp"
#endif
