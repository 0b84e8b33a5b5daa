/// Cold code, whose headers declare it and whose `_impl.hpp` beside them defines it: compiled by everybody who includes
/// them, or once into a library.
#pragma once

// A header includes its own `_impl.hpp` at its end, so that including is all that users do. QUANTLENS_COMPILED_RUNTIME
// is defined for a library of these definitions and for whoever links it: headers then stop at their declarations.
#ifdef QUANTLENS_COMPILED_RUNTIME
#define QUANTLENS_INLINE
#else
#define QUANTLENS_INLINE inline
#endif
