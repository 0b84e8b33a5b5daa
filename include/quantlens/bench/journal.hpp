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
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"

namespace quantlens::inline v0_1 {

/// The journal cannot be used: nothing that was computed could be kept, so a run ends with it.
class JournalError : public Error {
 public:
  using Error::Error;
};

/// JSON lines, each with a `kind` and a `key`, written slice by slice and flushed to the disk after each.
/// A last line without its newline (a process killed while it wrote) is cut off when the file is opened; any other line
/// that is no JSON is a FormatError, because only damage from outside explains it. One process at a time: the file is
/// locked until the journal dies.
class Journal {
 public:
  /// Errors: InputError where another run holds the file, FormatError where it is damaged, JournalError where it
  /// cannot be used.
  explicit Journal(std::filesystem::path path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd_ < 0) throw io_error("open");
    try {
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

  /// All lines of this kind and key, oldest first, without their transcripts.
  [[nodiscard]] std::span<const nlohmann::json> find(std::string_view kind, std::string_view key) const {
    const auto found = lines_.find({std::string(kind), std::string(key)});
    if (found == lines_.end()) return {};
    return found->second;
  }

  /// Writes the lines at once and returns when they are on the disk; what `find` then returns is what was written, read
  /// back. Errors: JournalError naming the file; what was written of the lines is taken back.
  void append(std::span<const nlohmann::json> lines) {
    std::string text;
    for (const nlohmann::json& line : lines)
      text += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
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

  void index_lines(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      nlohmann::json line = nlohmann::json::parse(text.substr(begin, end - begin), nullptr, false);
      if (!line.is_object() || !line.value("kind", nlohmann::json()).is_string() ||
          !line.value("key", nlohmann::json()).is_string())
        throw FormatError("journal", path_.string(), size_ + begin,
                          "no journal line; move the file away to start anew");
      if (const auto record = line.find("record"); record != line.end() && record->is_object())
        record->erase("transcript");  // large, and nothing but a reader of the file needs it
      std::pair key(line["kind"].get<std::string>(), line["key"].get<std::string>());
      lines_[std::move(key)].push_back(std::move(line));
      begin = end + 1;
    }
  }

  std::filesystem::path path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::map<std::pair<std::string, std::string>, std::vector<nlohmann::json>> lines_;
};

}  // namespace quantlens::inline v0_1
