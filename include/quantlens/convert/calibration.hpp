/// The tokens that GPTQ and AWQ look at, and where they come from.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Calibration text as one model reads it.
struct Calibration {
  std::string name;    ///< of the file
  std::string sha256;  ///< of the file
  std::size_t length = 0;
  std::vector<std::vector<TokenId>> sequences;  ///< each of `length` tokens
};

}  // namespace quantlens::inline QUANTLENS_ABI
