/// Chooses the kernels of the best instruction set that is compiled in, supported here and not masked.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/suggest.hpp"
#include "quantlens/isa/isa.hpp"
#include "quantlens/kernels/kernel_table.hpp"
#include "quantlens/version.hpp"
#ifndef QUANTLENS_KERNELS_LIBRARY
#include "quantlens/kernels/make_kernel_table.hpp"
#endif

namespace quantlens::inline QUANTLENS_ABI {

/// The tables that are compiled in, weakest first: all with the library, else the one of the compiler's flags.
[[nodiscard]] inline std::vector<const KernelTable*> compiled_kernels() {
#ifdef QUANTLENS_KERNELS_LIBRARY
  return
      []<class... I>(isa::List<I...>) { return std::vector<const KernelTable*>{&kernel_table<I>()...}; }(isa::Known{});
#else
  static constexpr KernelTable table = make_kernel_table<isa::native>();
  return {&table};
#endif
}

/// The compiled-in table called `name`. Errors: InputError "unknown_name", or "isa" where this machine lacks it.
[[nodiscard]] inline const KernelTable& kernels_named(std::string_view name) {
  std::vector<std::string> names;
  for (const KernelTable* table : compiled_kernels()) {
    names.emplace_back(isa_name(table->isa));
    if (names.back() != name) continue;
    if (cpu_supports(table->isa)) return *table;
    throw InputError("isa",
                     concat("this machine cannot run '", name, "'; unset QUANTLENS_ISA to take the best it has"));
  }
  throw unknown_name("instruction set", name, names);
}

/// What a build with kernels up to `compiled`, and with threads or without, leaves of this machine unused: a sentence
/// each.
[[nodiscard]] inline std::vector<std::string> build_notes(Isa compiled, bool has_threads) {
  std::vector<std::string> notes;
  const auto best = std::find_if(all_isas.rbegin(), all_isas.rend(), cpu_supports);
  if (*best > compiled)
    notes.push_back(concat("the kernels are compiled for '", isa_name(compiled), "', this machine runs '",
                           isa_name(*best),
                           "', which is many times as fast; compile with -march=native, or link the "
                           "library of quantlens::kernels"));
  if (!has_threads) notes.emplace_back("this build computes with one thread; compile with -fopenmp");
  return notes;
}

/// The kernels that programs use: those that the environment variable QUANTLENS_ISA names, else the best that run here.
[[nodiscard]] inline const KernelTable& active_kernels() {
  if (const char* wanted = std::getenv("QUANTLENS_ISA"); wanted != nullptr && *wanted != '\0')
    return kernels_named(wanted);
  const auto tables = compiled_kernels();
  for (auto table = tables.rbegin(); table != tables.rend(); ++table)
    if (cpu_supports((*table)->isa)) return **table;
  throw InputError("isa", "this machine runs none of the instruction sets that are compiled in");
}

}  // namespace quantlens::inline QUANTLENS_ABI
