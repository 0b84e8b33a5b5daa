/// How a program ends: whatever its work throws becomes one line on stderr and the exit status.
#pragma once

#include <exception>
#include <filesystem>
#include <new>
#include <ostream>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

inline constexpr int exit_failed = 1, exit_wrong_use = 2;

/// Calls work(), which writes data to `out` and returns an exit status, and makes sure that the data have left: a full
/// disk shows when the last of them are flushed. A file size limit is such a failure from here on, too. `name` begins
/// each line of `err`, such as "quantlens: ". Returns the status; 1 where something failed; 2 for wrong use or bad
/// input; 128 + the number of a signal.
template <class Work>
[[nodiscard]] int run_program(std::ostream& out, std::ostream& err, std::string_view name, Work&& work) {
  const auto end = [&](std::string_view why, int status) {
    err << name << why << '\n' << std::flush;
    return status;
  };
  report_file_size_limits();
  try {
    const int status = work();
    out.flush();
    if (!out) throw Error("write", "cannot write to standard output");
    return status;
  } catch (const Interrupted& interrupted) {
    return end("interrupted", 128 + interrupted.signal);
  } catch (const InputError& error) {
    return end(error.what(), exit_wrong_use);
  } catch (const std::filesystem::filesystem_error& error) {
    // A path that the system does not take at all: too long, a loop of links, a folder that may not be searched.
    const InputError input("file", concat(error.path1().string(), ": ", error.code().message()));
    return end(input.what(), exit_wrong_use);
  } catch (const std::bad_alloc&) {
    return end("out of memory", exit_failed);
  } catch (const std::exception& error) {
    return end(printable(error.what()), exit_failed);
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
