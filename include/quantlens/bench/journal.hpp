/// items.jsonl: the append-only record of everything a run has finished, from which it resumes after kill -9.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quantlens/bench/journal_line.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The journal cannot be used: nothing that was computed could be kept, so a run ends with it.
class JournalError : public Error {
 public:
  using Error::Error;
};

/// Whether it is the journal that cannot be used or is damaged: no cell's own failure.
[[nodiscard]] bool is_of_journal(const std::exception& error);

/// JSON lines, each with a `kind`, a `key` and a checksum, written slice by slice and flushed to the disk after each.
/// A last line without its newline (a process killed while it wrote) is cut off when the file is opened; any other line
/// that is not what was written is a FormatError, because only damage from outside explains it. Lines without a
/// checksum are those of older versions, so none follows one that has one. One process at a time: the file is locked
/// until the journal dies.
class Journal {
 public:
  /// Errors: InputError where another run holds the file, FormatError where it is damaged, JournalError where it
  /// cannot be used.
  explicit Journal(std::filesystem::path path);
  ~Journal() { ::close(fd_); }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  [[nodiscard]] bool contains(std::string_view kind, std::string_view key) const;

  /// Lines of older versions, whose damage cannot be told.
  [[nodiscard]] std::size_t unsummed_lines() const { return unsummed_lines_; }

  /// Calls `use` with each line of this kind and key, oldest first, without its transcript; read from the file, so that
  /// a long run needs no more memory than a short one. Errors: JournalError where the file is not any more what it was;
  /// FormatError "journal" with the line's offset where `use` finds no sense in it (a JSON exception, or InputError).
  template <class Use>
  void for_each(std::string_view kind, std::string_view key, const Use& use) const {
    const auto found = places_.find(digest_of(kind, key));
    if (found == places_.end()) return;
    for (const Place& place : found->second) {
      nlohmann::json line;
      if (parse_journal_line(read(place), line) == LineState::damaged || line["kind"] != kind || line["key"] != key)
        throw changed();
      if (const auto record = line.find("record"); record != line.end() && record->is_object())
        record->erase("transcript");  // large, and nothing but a reader of the file needs it
      try {
        use(line);
      } catch (const nlohmann::json::exception& error) {
        throw damaged(place, error.what());
      } catch (const InputError& error) {
        throw damaged(place, error.what());
      }
    }
  }

  /// The lines themselves. Errors: JournalError as above.
  [[nodiscard]] std::vector<nlohmann::json> find(std::string_view kind, std::string_view key) const;

  /// Writes the lines at once and returns when they are on the disk; what `find` then returns is what was written, read
  /// back. Errors: JournalError naming the file; what was written of the lines is taken back.
  void append(std::span<const nlohmann::json> lines);

 private:
  [[nodiscard]] JournalError io_error(std::string_view what) const;

  [[nodiscard]] JournalError take_back(std::string_view what) const;

  void lock() const;

  void load();

  /// Where a line stands in the file, without its newline. Units: bytes.
  struct Place {
    std::uint64_t offset;
    std::size_t size;
  };

  /// `text`: whole lines that stand at the end of what is known of the file.
  void index_lines(std::string_view text);

  /// Stands for a kind and a key in memory: 128 bits of their SHA-256, which no two of any run share.
  using Digest = std::pair<std::uint64_t, std::uint64_t>;
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const { return static_cast<std::size_t>(digest.first); }
  };
  static Digest digest_of(std::string_view kind, std::string_view key);

  [[nodiscard]] FormatError damaged(const Place& place, std::string_view why) const;

  [[nodiscard]] JournalError changed() const;

  [[nodiscard]] std::string read(const Place& place) const;

  std::filesystem::path path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::size_t n_lines_ = 0, unsummed_lines_ = 0;
  std::unordered_map<Digest, std::vector<Place>, DigestHash> places_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/journal_impl.hpp"
#endif
