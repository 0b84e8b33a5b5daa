/// The forward pass, whole: its steps, and the attention in them.
#pragma once

#include "quantlens/runtime/forward_attention.hpp"
#include "quantlens/runtime/forward_pass.hpp"
