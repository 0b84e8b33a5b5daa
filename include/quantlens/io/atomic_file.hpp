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

/// Replaces `path` by `contents`: a crash at any moment leaves the old file or the new one.
/// Errors: Error `write` naming the file and the cause; the old file then stays as it was.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  static std::atomic<unsigned> serial{0};
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const std::filesystem::path temporary =
      folder / concat(".", path.filename().string(), ".", ::getpid(), ".", serial.fetch_add(1), ".tmp");
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
  // The new name is durable once its folder is; some file systems cannot sync one, which is no failure.
  if (const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); descriptor >= 0) {
    ::fsync(descriptor);
    ::close(descriptor);
  }
}

}  // namespace quantlens::inline v0_1
