/// Writing a file whole or not at all.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"

namespace quantlens::inline v0_1 {

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

/// Replaces `path` by `contents`: a crash at any moment leaves the old file or the new one.
/// Errors: Error `write` naming the file and the cause; the old file then stays as it was.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  const std::filesystem::path temporary = temporary_for(path);
  const auto failed = [&](std::string_view what) {
    return Error("write", concat("cannot ", what, " ", path.string(), ": ", std::strerror(errno)));
  };

  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) throw failed("create");
  const auto written = [&] {
    for (std::string_view rest = contents; !rest.empty();) {
      const ssize_t n = ::write(file, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    return ::fsync(file) == 0;
  }();
  const int write_errno = errno;
  const bool closed = ::close(file) == 0;  // network file systems report a full disk here
  if (!written) errno = write_errno;
  if (!written || !closed || std::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = failed("write");
    ::unlink(temporary.c_str());
    throw error;
  }
  sync_folder(folder_of(path));
}

}  // namespace quantlens::inline v0_1
