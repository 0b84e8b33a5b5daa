/// Reads text as refworld-small does.
#pragma once

#include "quantlens/io/data_folders.hpp"
#include "quantlens/runtime/chat_encoder.hpp"
#include "quantlens/weights/load.hpp"

namespace quantlens::testing {

inline const ChatEncoder& small_encoder() {
  static const ChatEncoder encoder(load_model(find_model("refworld-small")));
  return encoder;
}

}  // namespace quantlens::testing
