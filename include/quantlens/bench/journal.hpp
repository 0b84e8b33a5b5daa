/// items.jsonl: the append-only record of everything a run has finished, from which it resumes after kill -9.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
#include "quantlens/core/sha256.hpp"

namespace quantlens::inline v0_1 {

/// The journal cannot be used: nothing that was computed could be kept, so a run ends with it.
class JournalError : public Error {
 public:
  using Error::Error;
};

/// Whether it is the journal that cannot be used or is damaged: no cell's own failure.
[[nodiscard]] inline bool is_of_journal(const std::exception& error) {
  const auto* typed = dynamic_cast<const Error*>(&error);
  return typed != nullptr && typed->id() == "journal";
}

/// JSON lines, each with a `kind`, a `key` and a checksum, written slice by slice and flushed to the disk after each.
/// A last line without its newline (a process killed while it wrote) is cut off when the file is opened; any other line
/// that is not what was written is a FormatError, because only damage from outside explains it. Lines without a
/// checksum are those of older versions, so none follows one that has one. One process at a time: the file is locked
/// until the journal dies.
class Journal {
 public:
  /// Errors: InputError where another run holds the file, FormatError where it is damaged, JournalError where it
  /// cannot be used.
  explicit Journal(std::filesystem::path path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd_ < 0) throw io_error("open");
    try {
      if (struct stat info{}; ::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode))  // reading a pipe would not end
        throw JournalError("journal", concat(path_.string(), " is not a regular file"));
      lock();
      load();
    } catch (...) {
      ::close(fd_);
      throw;
    }
  }
  ~Journal() { ::close(fd_); }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  [[nodiscard]] bool contains(std::string_view kind, std::string_view key) const {
    return places_.contains(digest_of(kind, key));
  }

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
  [[nodiscard]] std::vector<nlohmann::json> find(std::string_view kind, std::string_view key) const {
    std::vector<nlohmann::json> lines;
    for_each(kind, key, [&](nlohmann::json& line) { lines.push_back(std::move(line)); });
    return lines;
  }

  /// Writes the lines at once and returns when they are on the disk; what `find` then returns is what was written, read
  /// back. Errors: JournalError naming the file; what was written of the lines is taken back.
  void append(std::span<const nlohmann::json> lines) {
    std::string text;
    for (const nlohmann::json& line : lines) text += journal_line_text(line) + "\n";
    std::string_view rest = text;
    while (!rest.empty()) {
      const ::ssize_t written = ::write(fd_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) throw take_back("write");
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(fd_) != 0 && errno != EINVAL) throw take_back("write");
    index_lines(text);
    size_ += text.size();
  }

 private:
  [[nodiscard]] JournalError io_error(std::string_view what) const {
    return {"journal", concat("cannot ", what, " ", path_.string(), ": ", std::strerror(errno))};
  }

  [[nodiscard]] JournalError take_back(std::string_view what) const {
    JournalError error = io_error(what);
    // Best effort: a torn line that stays behind is cut off by the next run.
    if (::ftruncate(fd_, static_cast<::off_t>(size_)) != 0) errno = 0;
    return error;
  }

  void lock() const {
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
    if (errno == EWOULDBLOCK)
      throw InputError("locked",
                       concat(path_.string(), " belongs to a run that is still going; give --out another folder"));
    throw io_error("lock");
  }

  void load() {
    std::string text;
    std::vector<char> buffer(std::size_t{1} << 20);
    for (;;) {
      const ::ssize_t got = ::read(fd_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw io_error("read");
      if (got == 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(got));
      const std::size_t whole = text.rfind('\n') + 1;  // npos + 1 is 0
      index_lines(std::string_view(text).substr(0, whole));
      size_ += whole;
      text.erase(0, whole);
    }
    if (!text.empty() && ::ftruncate(fd_, static_cast<::off_t>(size_)) != 0) throw io_error("truncate");
  }

  /// Where a line stands in the file, without its newline. Units: bytes.
  struct Place {
    std::uint64_t offset;
    std::size_t size;
  };

  /// `text`: whole lines that stand at the end of what is known of the file.
  void index_lines(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size();) {
      const Place place{size_ + begin, text.find('\n', begin) - begin};
      nlohmann::json line;
      const LineState state = parse_journal_line(text.substr(begin, place.size), line);
      if (state == LineState::damaged || (state == LineState::unsummed && n_lines_ > unsummed_lines_))
        throw damaged(place, "no journal line, or not as it was written");
      ++n_lines_;
      if (state == LineState::unsummed) ++unsummed_lines_;
      places_[digest_of(line["kind"].get_ref<const std::string&>(), line["key"].get_ref<const std::string&>())]
          .push_back(place);
      begin += place.size + 1;
    }
  }

  /// Stands for a kind and a key in memory: 128 bits of their SHA-256, which no two of any run share.
  using Digest = std::pair<std::uint64_t, std::uint64_t>;
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const { return static_cast<std::size_t>(digest.first); }
  };
  static Digest digest_of(std::string_view kind, std::string_view key) {
    const std::string text = concat(kind, " ", key);
    const std::string hex = sha256_hex(std::as_bytes(std::span(text)));
    return {std::stoull(hex.substr(0, 16), nullptr, 16), std::stoull(hex.substr(16, 16), nullptr, 16)};
  }

  [[nodiscard]] FormatError damaged(const Place& place, std::string_view why) const {
    return {"journal", path_.string(), place.offset, concat(why, "; move the file away to start anew")};
  }

  [[nodiscard]] JournalError changed() const {
    return {"journal", concat(path_.string(),
                              " was changed by another program while in use; run again to go on from "
                              "what is whole")};
  }

  [[nodiscard]] std::string read(const Place& place) const {
    std::string text(place.size, '\0');
    for (std::size_t done = 0; done < text.size();) {
      const ::ssize_t got =
          ::pread(fd_, text.data() + done, text.size() - done, static_cast<::off_t>(place.offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw io_error("read");
      if (got == 0) throw changed();
      done += static_cast<std::size_t>(got);
    }
    return text;
  }

  std::filesystem::path path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::size_t n_lines_ = 0, unsummed_lines_ = 0;
  std::unordered_map<Digest, std::vector<Place>, DigestHash> places_;
};

}  // namespace quantlens::inline v0_1
