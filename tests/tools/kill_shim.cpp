// Preloaded into a program: kills it at the k-th change that it makes to files whose path starts with a prefix.
//
// KILL_AT: k, from 1 on. KILL_PREFIX: the prefix. A write is done by half first; everything else is not done at all.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<int> n_changes{0};

bool is_watched(const char* path) {
  static const char* const prefix = std::getenv("KILL_PREFIX");
  return prefix != nullptr && path != nullptr && std::strncmp(path, prefix, std::strlen(prefix)) == 0;
}

bool is_watched(int descriptor) {
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t size = ::readlink(link, path, sizeof path - 1);
  if (size < 0) return false;
  path[size] = 0;
  return is_watched(path);
}

/// Whether this is the change at which the program dies.
bool is_last() {
  static const char* const at = std::getenv("KILL_AT");
  return at != nullptr && ++n_changes == std::atoi(at);
}

void die() { ::kill(::getpid(), SIGKILL); }

template <class Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static auto* const real = original<ssize_t(int, const void*, size_t)>("write");
  if (is_watched(descriptor) && is_last()) {
    static_cast<void>(real(descriptor, bytes, size / 2));
    die();
  }
  return real(descriptor, bytes, size);
}

int fsync(int descriptor) {
  static auto* const real = original<int(int)>("fsync");
  if (is_watched(descriptor) && is_last()) die();
  return real(descriptor);
}

int flock(int descriptor, int operation) noexcept {
  static auto* const real = original<int(int, int)>("flock");
  if (is_watched(descriptor) && is_last()) die();
  return real(descriptor, operation);
}

int close(int descriptor) {
  static auto* const real = original<int(int)>("close");
  if (is_watched(descriptor) && is_last()) die();
  return real(descriptor);
}

int open(const char* path, int flags, ...) {
  static auto* const real = original<int(const char*, int, ...)>("open");
  va_list rest;
  va_start(rest, flags);
  const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(rest, unsigned) : 0;
  va_end(rest);
  if (is_watched(path) && (flags & O_CREAT) != 0 && is_last()) die();
  return real(path, flags, mode);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const real = original<int(const char*, const char*)>("rename");
  if (is_watched(to) && is_last()) die();
  return real(from, to);
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* const real = original<int(const char*, mode_t)>("mkdir");
  if (is_watched(path) && is_last()) die();
  return real(path, mode);
}

int remove(const char* path) noexcept {
  static auto* const real = original<int(const char*)>("remove");
  if (is_watched(path) && is_last()) die();
  return real(path);
}

int unlink(const char* path) noexcept {
  static auto* const real = original<int(const char*)>("unlink");
  if (is_watched(path) && is_last()) die();
  return real(path);
}

/// Its path may be relative to the folder: the programs under test remove nothing but what is watched.
int unlinkat(int folder, const char* path, int flags) noexcept {
  static auto* const real = original<int(int, const char*, int)>("unlinkat");
  if (is_last()) die();
  return real(folder, path, flags);
}
}
