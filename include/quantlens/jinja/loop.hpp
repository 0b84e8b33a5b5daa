/// The state of a `for` loop, which its body sees as `loop`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/operators.hpp"
#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

/// Takes items, and tests them, no earlier than jinja2 does: a test may look at a namespace that the body changes.
class Loop {
 public:
  Loop(std::shared_ptr<Iterator> source, std::function<bool(const Value&)> test)
      : source_(std::move(source)), test_(std::move(test)) {}

  /// Goes to the next item; false where there is none.
  [[nodiscard]] bool advance() {
    if (!has(next_)) return false;
    ++next_;
    return true;
  }
  [[nodiscard]] const Value& item() const { return items_[next_ - 1]; }

  /// `loop.<name>`, or undefined.
  [[nodiscard]] Value attribute(std::string_view name) {
    const std::size_t index0 = next_ - 1;
    if (name == "index0") return integer(index0);
    if (name == "index") return integer(index0 + 1);
    if (name == "first") return index0 == 0;
    if (name == "last") return !has(next_);
    if (name == "length") return integer(length());
    if (name == "revindex") return integer(length() - index0);
    if (name == "revindex0") return integer(length() - index0 - 1);
    if (name == "depth") return integer(1);
    if (name == "depth0") return integer(0);
    if (name == "previtem") return index0 == 0 ? undefined("there is no previous item") : items_[index0 - 1];
    if (name == "nextitem") return has(next_) ? items_[next_] : undefined("there is no next item");
    return undefined(concat("a loop has no attribute '", name, "'"));
  }

  /// loop.cycle(...): the value whose turn it is.
  [[nodiscard]] Value cycle(const std::vector<Value>& values) const {
    if (values.empty()) fault("loop.cycle needs values");
    return values[(next_ - 1) % values.size()];
  }

  /// loop.changed(...): whether the values differ from those of the last call.
  [[nodiscard]] bool changed(std::vector<Value> values, Meter& meter) {
    const Value fresh = make_tuple(std::move(values));
    if (!last_changed_.is_undefined() && equal(last_changed_, fresh, meter)) return false;
    last_changed_ = fresh;
    return true;
  }

 private:
  [[nodiscard]] static Value integer(std::size_t n) { return static_cast<std::int64_t>(n); }

  [[nodiscard]] bool has(std::size_t index) {
    while (items_.size() <= index && source_->next < source_->items->items.size()) {
      const Value item = source_->items->items[source_->next++];
      if (!test_ || test_(item)) items_.push_back(item);
    }
    return index < items_.size();
  }
  [[nodiscard]] std::size_t length() {
    static_cast<void>(has(SIZE_MAX - 1));
    return items_.size();
  }

  std::shared_ptr<Iterator> source_;
  std::function<bool(const Value&)> test_;
  std::vector<Value> items_;
  std::size_t next_ = 0;
  Value last_changed_;
};

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
