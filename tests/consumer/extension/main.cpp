// quantlens_bench with a protocol, two metrics and a quantizer that the library does not know.
#include "quantlens/main.hpp"

#include "naming.hpp"
#include "power_of_two.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/quant/method.hpp"

const quantlens::RegisterProtocol<toy::Naming> registered_naming;
const quantlens::RegisterMethod registered_power_of_two{
    {.name = "toy-pow2", .bits = true, .group = true, .quantize = toy::power_of_two}};

QUANTLENS_MAIN()
