/// The `tojson` filter as transformers defines it: Python's json.dumps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/text.hpp"
#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent;  ///< One level's indentation; nothing: all on one line.
  std::string between_items = ", ";
  std::string after_key = ": ";
};

/// Writes one value by one style. Source: Python 3 json.encoder.
class JsonWriter {
 public:
  JsonWriter(JsonStyle style, Meter& meter) : style_(std::move(style)), meter_(meter) {}

  [[nodiscard]] std::string write(const Value& value) {
    put(value, 0);
    return out_.take();
  }

 private:
  void put(const Value& value, std::size_t level) {
    meter_.spend(1);
    if (const std::string* text = value.text()) {
      put_text(*text);
    } else if (const Dict* dict = value.dict()) {
      put_dict(*dict, level);
    } else if (const Sequence* sequence = value.sequence(); is_array(sequence)) {
      put_container("[", "]", sequence->items.size(), level,
                    [&](std::size_t i) { put(sequence->items[i], level + 1); });
    } else {
      out_ << scalar(value, "the value");
    }
  }

  [[nodiscard]] static bool is_array(const Sequence* sequence) {
    return sequence && (sequence->kind == Sequence::Kind::list || sequence->kind == Sequence::Kind::tuple);
  }

  [[nodiscard]] static std::string scalar(const Value& value, std::string_view what) {
    if (value.is<None>()) return "null";
    if (value.is<bool>()) return std::get<bool>(value.data) ? "true" : "false";
    if (value.is<std::int64_t>()) return to_text(value);
    if (!value.is<double>()) refuse_kind(concat("writing ", what, " as JSON"), value);
    const double number = std::get<double>(value.data);
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return float_text(number);
  }

  void put_dict(const Dict& dict, std::size_t level) {
    std::vector<std::pair<std::string, const Value*>> entries;
    for (const auto& [key, value] : dict.entries)
      entries.emplace_back(key.text() ? *key.text() : scalar(key, "a key"), &value);
    if (style_.sort_keys) {
      // Keys that are equal as texts stay in order.
      const std::multimap<std::string, const Value*> sorted(entries.begin(), entries.end());
      entries.assign(sorted.begin(), sorted.end());
    }
    put_container("{", "}", entries.size(), level, [&](std::size_t i) {
      put_text(entries[i].first);
      out_ << style_.after_key;
      put(*entries[i].second, level + 1);
    });
  }

  template <class PutItem>
  void put_container(std::string_view open, std::string_view close, std::size_t n, std::size_t level,
                     PutItem&& put_item) {
    out_ << open;
    for (std::size_t i = 0; i < n; ++i) {
      if (i > 0) out_ << style_.between_items;
      break_line(level + 1);
      put_item(i);
    }
    if (n > 0) break_line(level);
    out_ << close;
  }

  void break_line(std::size_t level) {
    if (!style_.indent) return;
    out_ << "\n";
    for (std::size_t i = 0; i < level; ++i) out_ << *style_.indent;
  }

  void put_text(std::string_view text) {
    std::string piece = "\"";
    const auto escape_unit = [&](char32_t unit) {
      piece += "\\u";
      detail::append_hex(piece, unit, 4);
    };
    for (std::size_t at = 0; at < text.size();) {
      const Utf8Unit unit = read_utf8(text, at);
      const char32_t c = unit.value;
      static constexpr std::string_view named = "\"\\\n\r\t\f\b", letters = "\"\\nrtfb";
      if (const std::size_t i = c < 0x80 ? named.find(static_cast<char>(c)) : named.npos; i != named.npos) {
        piece += '\\';
        piece += letters[i];
      } else if (c < 0x20 || (style_.ensure_ascii && c >= 0x7f && c < 0x10000)) {
        escape_unit(c);
      } else if (style_.ensure_ascii && c >= 0x10000) {
        escape_unit(0xd800 + ((c - 0x10000) >> 10));
        escape_unit(0xdc00 + ((c - 0x10000) & 0x3ff));
      } else {
        piece += text.substr(at, unit.size);
      }
      at += unit.size;
    }
    out_ << piece << "\"";
  }

  JsonStyle style_;
  Meter& meter_;
  BoundedText out_;
};

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
