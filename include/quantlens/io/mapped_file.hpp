/// A file mapped read-only into memory.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "quantlens/core/error.hpp"
#include "quantlens/io/truncated_file.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Owns one read-only mapping of a whole file; moving it keeps the addresses.
/// Whoever shrinks the file while it is mapped makes later reads fault (truncated_file.hpp says what programs do then):
/// replace model files by renaming, as write_file_atomically does.
class MappedFile {
 public:
  /// Errors: InputError `file` if the path cannot be opened or is no regular file.
  [[nodiscard]] static MappedFile open(const std::filesystem::path& path) {
    const auto refuse = [&](std::string_view why) { return InputError("file", concat(path.string(), ": ", why)); };
    // Without O_NONBLOCK, opening a pipe waits for somebody who writes into it.
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.fd < 0 && errno == ENOENT && is_link(path)) throw refuse("a link to a file that is not there");
    if (file.fd < 0) throw refuse(std::strerror(errno));
    struct stat info {};
    if (::fstat(file.fd, &info) != 0) throw refuse(std::strerror(errno));
    if (!S_ISREG(info.st_mode)) throw refuse("not a regular file");
    MappedFile mapped;
    mapped.path_ = path;
    if (info.st_size == 0) return mapped;  // mmap refuses a length of 0
    const auto size = static_cast<std::size_t>(info.st_size);
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
    if (address == MAP_FAILED) throw Error("file", concat("cannot map ", path.string(), ": ", std::strerror(errno)));
    mapped.bytes_ = {static_cast<const std::byte*>(address), size};
    detail::note_mapping(mapped.bytes_, path);
    return mapped;
  }

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept
      : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, std::span<const std::byte>{})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile() {
    if (bytes_.empty()) return;
    detail::forget_mapping(bytes_);
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  [[nodiscard]] static bool is_link(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::is_symlink(path, error);
  }

  struct Descriptor {
    int fd;
    ~Descriptor() {
      if (fd >= 0) ::close(fd);
    }
  };

  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
