/// Objects that are one thread's at a time: a second caller is told so instead of both getting garbage.
#pragma once

#include <atomic>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A member of such an object. Every public call that changes it holds a Use from its first line to its last:
/// `const Exclusive::Use use(in_use_, "this model");`
class Exclusive {
 public:
  class Use {
   public:
    /// `what` is the object, for the message. Errors: InputError "busy" while another Use lives.
    Use(Exclusive& owner, std::string_view what) : owner_(owner) {
      if (owner_.is_held_.exchange(true, std::memory_order_acquire))
        throw InputError("busy", concat(what,
                                        " is at work for another caller; it is one thread's at a time: give each "
                                        "thread its own, or wait"));
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { owner_.is_held_.store(false, std::memory_order_release); }

   private:
    Exclusive& owner_;
  };

 private:
  std::atomic<bool> is_held_{false};
};

}  // namespace quantlens::inline QUANTLENS_ABI
