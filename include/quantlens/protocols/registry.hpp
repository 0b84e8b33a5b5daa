/// Every protocol by the name that cells use. A new protocol is one header, one test and one line in registry_impl.hpp;
/// one outside of the library registers itself.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

using ProtocolMaker = std::unique_ptr<Protocol> (*)();

/// Adds a protocol behind those that there are. Not while others look any up: call it before main() does anything, or
/// let a RegisterProtocol of namespace scope do so.
void register_protocol(ProtocolMaker maker);

/// `const quantlens::RegisterProtocol<MyProtocol> registered;` adds a protocol before main() begins.
template <class P>
struct RegisterProtocol {
  RegisterProtocol() {
    register_protocol([]() -> std::unique_ptr<Protocol> { return std::make_unique<P>(); });
  }
};

/// All protocols, in the order in which they are listed, with a user's choices. Errors: InputError for a choice that
/// belongs to none of them, with the nearest known name, and for a name that two of them have.
[[nodiscard]] std::vector<std::unique_ptr<const Protocol>> make_protocols(
    const std::vector<OptionChoice>& choices = {});

[[nodiscard]] std::vector<std::string> protocol_names();

/// Errors: InputError for an unknown name, with the nearest known one; those of make_protocols.
[[nodiscard]] std::unique_ptr<const Protocol> make_protocol(std::string_view name,
                                                            const std::vector<OptionChoice>& choices = {});

/// The prompts of all protocols, each once: what load_task takes. Errors: InputError "protocol" where two protocols
/// declare one differently.
[[nodiscard]] std::vector<PromptKind> known_prompts();

/// The metrics of all protocols, each once, in the order in which tables show them.
[[nodiscard]] std::vector<MetricInfo> known_metrics();

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/registry_impl.hpp"
#endif
