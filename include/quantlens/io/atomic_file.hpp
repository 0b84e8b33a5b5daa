/// Writing files so that they appear whole under their names or not at all.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Makes new names in a folder durable; some file systems cannot, which is no failure.
inline void sync_folder(const std::filesystem::path& folder) noexcept {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

/// The folder that a file is in.
[[nodiscard]] inline std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// What a file is called while it is written: hidden beside its place, and no two are called the same.
[[nodiscard]] inline std::filesystem::path temporary_for(const std::filesystem::path& path) {
  static std::atomic<unsigned> serial{0};
  return folder_of(path) / concat(".", path.filename().string(), ".", ::getpid(), ".", serial.fetch_add(1), ".tmp");
}

/// Whether temporary_for gives such names.
[[nodiscard]] inline bool is_temporary(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') && name.ends_with(".tmp");
}

/// Removes what killed processes have left of writing `path`; the caller sees to it that nobody is writing it now.
inline void remove_abandoned(const std::filesystem::path& path) {
  const std::string prefix = concat(".", path.filename().string(), ".");
  std::error_code ignored;  // What cannot be listed or removed stays, as it would without this.
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(path), ignored))
    if (is_temporary(entry.path()) && entry.path().filename().string().starts_with(prefix))
      std::filesystem::remove(entry.path(), ignored);
}

/// Takes the bytes of a file in order.
using ByteSink = std::function<void(std::span<const std::byte>)>;

/// A file under construction: ".name.<process>.<serial>.tmp" beside its final place until commit() renames it.
/// Destroyed before that, it removes the temporary; a killed process leaves one behind, and never a broken file.
/// Errors: Error `write` naming the file and the cause.
class AtomicFileWriter {
 public:
  explicit AtomicFileWriter(std::filesystem::path path) : path_(std::move(path)), temporary_(temporary_for(path_)) {
    file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ < 0) throw failed("create");
    buffer_.reserve(buffer_bytes);
  }
  AtomicFileWriter(const AtomicFileWriter&) = delete;
  AtomicFileWriter& operator=(const AtomicFileWriter&) = delete;
  ~AtomicFileWriter() {
    if (file_ >= 0) ::close(file_);
    if (!committed_) ::unlink(temporary_.c_str());
  }

  void write(std::span<const std::byte> bytes) {
    size_ += bytes.size();
    if (buffer_.size() + bytes.size() > buffer_bytes) flush();
    if (bytes.size() >= buffer_bytes)
      write_through(bytes);
    else
      buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  /// Zero bytes up to a multiple of `alignment`.
  void pad_to(std::uint64_t alignment) {
    while (size_ % alignment != 0) write(std::string_view("\0", 1));
  }

  /// Bytes written so far.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  /// Makes the file durable and gives it its name.
  void commit() {
    flush();
    if (::fsync(file_) != 0) throw failed("write");
    const int descriptor = file_;
    file_ = -1;
    if (::close(descriptor) != 0) throw failed("write");  // network file systems report a full disk here
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) throw failed("write");
    committed_ = true;
    sync_folder(folder_of(path_));
  }

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

  [[nodiscard]] Error failed(std::string_view what) const {
    return Error("write", concat("cannot ", what, " ", path_.string(), ": ", std::strerror(errno)));
  }
  void flush() {
    write_through(buffer_);
    buffer_.clear();
  }
  void write_through(std::span<const std::byte> rest) {
    while (!rest.empty()) {
      const ssize_t n = ::write(file_, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw failed("write");
      rest = rest.subspan(static_cast<std::size_t>(n));
    }
  }

  std::filesystem::path path_, temporary_;
  int file_ = -1;
  bool committed_ = false;
  std::uint64_t size_ = 0;
  std::vector<std::byte> buffer_;
};

/// Replaces `path` by `contents`: a crash at any moment leaves the old file or the new one.
/// Errors: as AtomicFileWriter; the old file then stays as it was.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  AtomicFileWriter file(path);
  file.write(contents);
  file.commit();
}

}  // namespace quantlens::inline QUANTLENS_ABI
