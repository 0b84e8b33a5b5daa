// quantlens_bench with a protocol, two metrics and a quantizer that the library does not know.
#include "quantlens/main.hpp"

#include "naming.hpp"
#include "quantlens/protocols/registry.hpp"

const quantlens::RegisterProtocol<toy::Naming> registered_naming;

QUANTLENS_MAIN()
