/// Everything that kernels are written in, for every instruction set that this unit's compiler flags allow.
#pragma once

#include "quantlens/isa/int_dot.hpp"
#include "quantlens/isa/simd.hpp"
#include "quantlens/isa/simd_f64.hpp"

// Each is empty where its instructions are not allowed.
#include "quantlens/isa/avx2.hpp"
#include "quantlens/isa/avx512vnni.hpp"
