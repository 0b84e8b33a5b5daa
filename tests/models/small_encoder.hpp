/// Reads text as refworld-small does.
#pragma once

#include "quantlens/checkpoints/load.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/models/chat_encoder.hpp"

namespace quantlens::test {

inline const ChatEncoder& small_encoder() {
  static const ChatEncoder encoder(load_model(find_model("refworld-small")));
  return encoder;
}

}  // namespace quantlens::test
