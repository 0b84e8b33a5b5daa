/// The library's version: the one place that states it (CMake reads it from here).
#pragma once

#define QUANTLENS_VERSION_MAJOR 0
#define QUANTLENS_VERSION_MINOR 1
#define QUANTLENS_VERSION_PATCH 0
#define QUANTLENS_VERSION "0.1.0"

// The inline namespace of everything: versions whose types differ do not link by mistake.
#define QUANTLENS_ABI v0_1
