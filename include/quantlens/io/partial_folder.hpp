/// Where the output of a long run is made: one process at a time, taken up by the next run, published whole.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/atomic_file.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// `TARGET.partial`, a folder that is locked while it lives. It holds run.json, which says what it is made from, the
/// output under construction, and the work that a later run of the same kind takes up. A process that is killed at any
/// moment leaves what the next run takes up or clears away. A run that ends without work to take up leaves nothing.
class PartialFolder {
 public:
  /// Errors: InputError "usage" where the target exists, "locked" where another process makes it, "resume" for a folder
  /// that no run has left; Error "write".
  explicit PartialFolder(const std::filesystem::path& target)
      : target_(target.has_filename() ? target : target.parent_path()), folder_(target_.string() + ".partial") {
    if (!std::filesystem::exists(folder_)) require_new_target();
    while (!make_and_lock()) {
    }
    if (target_exists()) {
      if (std::filesystem::exists(finished_file()) || !has_work()) remove();
      close();
      require_new_target();
    }
    std::error_code ignored;
    std::filesystem::remove(finished_file(), ignored);
    for (const auto& entry : entries())
      if (is_temporary(entry)) std::filesystem::remove_all(entry, ignored);
  }
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;
  ~PartialFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(output(), ignored);
    if (!has_work()) remove();
    close();
  }

  /// Makes the folder that of `run`, which holds everything that the output depends on; what another run has left there
  /// goes, unless it is work. Errors: InputError "resume" for the work of another run; Error "write".
  void begin(const nlohmann::json& run) {
    std::error_code ignored;
    std::filesystem::remove_all(output(), ignored);
    const std::optional<nlohmann::json> before = run_before();
    if (before == run) return;
    if (has_work())
      throw InputError("resume", concat(folder_.string(), " holds what another run has finished (", run_file().string(),
                                        " says which); remove it, or name another target"));
    write_file_atomically(run_file(), run.dump(2) + "\n");
  }

  /// For finished parts of the work.
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// Where the output is made, a file or a folder; nothing is there behind begin().
  [[nodiscard]] std::filesystem::path output() const {
    return folder_ / concat("output", target_.extension().string());
  }

  /// Gives the output its name, and removes the rest. Errors: InputError "usage" where the target has come into
  /// existence; Error "write".
  void publish() {
    require_new_target();
    write_file_atomically(finished_file(), "");
    std::error_code error;
    std::filesystem::rename(output(), target_, error);
    if (error) throw Error("write", concat("cannot create ", target_.string(), ": ", error.message()));
    sync_folder(folder_of(target_));
    remove();
  }

 private:
  [[nodiscard]] std::filesystem::path lock_file() const { return folder_ / "lock"; }
  [[nodiscard]] std::filesystem::path run_file() const { return folder_ / "run.json"; }
  /// Says that the output is about to get its name: what remains beside it is to be cleared away.
  [[nodiscard]] std::filesystem::path finished_file() const { return folder_ / "finished"; }

  /// A link that leads nowhere is something, too.
  [[nodiscard]] bool target_exists() const { return std::filesystem::exists(std::filesystem::symlink_status(target_)); }
  void require_new_target() const {
    if (target_exists()) throw InputError("usage", concat(target_.string(), " exists already; name a new one"));
  }

  /// False where another process has removed the folder meanwhile.
  [[nodiscard]] bool make_and_lock() {
    std::error_code error;
    if (!std::filesystem::exists(lock_file()) && !std::filesystem::exists(run_file()) &&
        std::filesystem::exists(folder_) && has_work())
      throw InputError("resume", concat(folder_.string(), " exists and is no unfinished run; name another target"));
    std::filesystem::create_directories(folder_, error);
    if (error) throw Error("write", concat("cannot create ", folder_.string(), ": ", error.message()));
    lock_ = ::open(lock_file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock_ < 0 && errno == ENOENT) return false;
    if (lock_ < 0) throw cannot_lock();
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      const bool is_held = errno == EWOULDBLOCK;
      const Error failure = cannot_lock();
      close();
      if (is_held)
        throw InputError("locked", concat(folder_.string(), " belongs to a run that is still going; wait for it, or ",
                                          "name another target"));
      throw failure;
    }
    struct stat held {
    }, there{};
    if (::fstat(lock_, &held) == 0 && ::stat(lock_file().c_str(), &there) == 0 && held.st_ino == there.st_ino &&
        held.st_dev == there.st_dev)
      return true;
    close();
    return false;
  }

  [[nodiscard]] Error cannot_lock() const {
    return {"write", concat("cannot lock ", lock_file().string(), ": ", std::strerror(errno))};
  }

  void close() noexcept {
    if (lock_ >= 0) ::close(lock_);
    lock_ = -1;
  }

  /// None where no run has begun, or what it wrote cannot be read.
  [[nodiscard]] std::optional<nlohmann::json> run_before() const {
    if (!std::filesystem::exists(run_file())) return std::nullopt;
    try {
      return parse_json_strict(MappedFile::open(run_file()).text(), run_file().string());
    } catch (const InputError&) {
      return std::nullopt;
    }
  }

  [[nodiscard]] std::vector<std::filesystem::path> entries() const {
    std::error_code ignored;
    std::vector<std::filesystem::path> found;
    for (std::filesystem::directory_iterator entry(folder_, ignored), end; !ignored && entry != end;
         entry.increment(ignored))
      found.push_back(entry->path());
    return found;
  }

  /// Whether anything is there that this class has not written itself.
  [[nodiscard]] bool has_work() const {
    const std::array own{lock_file(), run_file(), finished_file(), output()};
    return std::ranges::any_of(entries(), [&](const auto& entry) {
      return !is_temporary(entry) && std::ranges::find(own, entry) == own.end();
    });
  }

  /// Clears the folder away, unless this object has lost it already. What says that work is finished goes first, the
  /// lock last: whatever remains after a kill is a folder of this kind.
  void remove() noexcept {
    if (lock_ < 0) return;
    std::error_code ignored;
    const auto remove_if = [&](auto&& matches) {
      for (const auto& entry : entries())
        if (matches(entry)) std::filesystem::remove_all(entry, ignored);
    };
    const std::array last{lock_file(), run_file(), finished_file()};
    const auto stays = [&](const auto& entry) { return std::ranges::find(last, entry) != last.end(); };
    remove_if([&](const auto& entry) { return entry.extension() == ".json" && !stays(entry); });
    remove_if([&](const auto& entry) { return !stays(entry); });
    for (const auto& entry : {run_file(), finished_file(), lock_file()}) std::filesystem::remove(entry, ignored);
    std::filesystem::remove(folder_, ignored);
    close();
  }

  std::filesystem::path target_, folder_;
  int lock_ = -1;
};

}  // namespace quantlens::inline QUANTLENS_ABI
