/// What journal.hpp declares, defined.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/bench/journal.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE bool is_of_journal(const std::exception& error) {
  const auto* typed = dynamic_cast<const Error*>(&error);
  return typed != nullptr && typed->id() == "journal";
}

QUANTLENS_INLINE Journal::Journal(std::filesystem::path path) : path_(std::move(path)) {
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

QUANTLENS_INLINE bool Journal::contains(std::string_view kind, std::string_view key) const {
  return places_.contains(digest_of(kind, key));
}

QUANTLENS_INLINE std::vector<nlohmann::json> Journal::find(std::string_view kind, std::string_view key) const {
  std::vector<nlohmann::json> lines;
  for_each(kind, key, [&](nlohmann::json& line) { lines.push_back(std::move(line)); });
  return lines;
}

QUANTLENS_INLINE void Journal::append(std::span<const nlohmann::json> lines) {
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

QUANTLENS_INLINE JournalError Journal::io_error(std::string_view what) const {
  return {"journal", concat("cannot ", what, " ", path_.string(), ": ", std::strerror(errno))};
}

QUANTLENS_INLINE JournalError Journal::take_back(std::string_view what) const {
  JournalError error = io_error(what);
  // Best effort: a torn line that stays behind is cut off by the next run.
  if (::ftruncate(fd_, static_cast<::off_t>(size_)) != 0) errno = 0;
  return error;
}

QUANTLENS_INLINE void Journal::lock() const {
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK)
    throw InputError("locked",
                     concat(path_.string(), " belongs to a run that is still going; give --out another folder"));
  throw io_error("lock");
}

QUANTLENS_INLINE void Journal::load() {
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

QUANTLENS_INLINE void Journal::index_lines(std::string_view text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const Place place{size_ + begin, text.find('\n', begin) - begin};
    nlohmann::json line;
    const LineState state = parse_journal_line(text.substr(begin, place.size), line);
    if (state == LineState::damaged || (state == LineState::unsummed && n_lines_ > unsummed_lines_))
      throw damaged(place, "no journal line, or not as it was written");
    ++n_lines_;
    if (state == LineState::unsummed) ++unsummed_lines_;
    places_[digest_of(line["kind"].get_ref<const std::string&>(), line["key"].get_ref<const std::string&>())].push_back(
        place);
    begin += place.size + 1;
  }
}

QUANTLENS_INLINE Journal::Digest Journal::digest_of(std::string_view kind, std::string_view key) {
  const std::string text = concat(kind, " ", key);
  const std::string hex = sha256_hex(std::as_bytes(std::span(text)));
  return {std::stoull(hex.substr(0, 16), nullptr, 16), std::stoull(hex.substr(16, 16), nullptr, 16)};
}

QUANTLENS_INLINE FormatError Journal::damaged(const Place& place, std::string_view why) const {
  return {"journal", path_.string(), place.offset, concat(why, "; move the file away to start anew")};
}

QUANTLENS_INLINE JournalError Journal::changed() const {
  return {"journal", concat(path_.string(),
                            " was changed by another program while in use; run again to go on from "
                            "what is whole")};
}

QUANTLENS_INLINE std::string Journal::read(const Place& place) const {
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

}  // namespace quantlens::inline QUANTLENS_ABI
