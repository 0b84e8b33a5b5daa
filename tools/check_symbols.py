#!/usr/bin/env python3
"""Proves that no kernel unit leaks code of its instruction set into others.

Usage: check_symbols.py LIBRARY        (libquantlens_kernels.a of an ordinary build)

A weak symbol (an inline function or a template that was not inlined) of a unit compiled with -mavx512f may be the copy
that the linker keeps for a unit compiled without: an illegal instruction on smaller machines. So every weak function of
a kernel unit has to carry the unit's own ISA in its template arguments, and no two units may share one.
"""
import re
import subprocess
import sys

UNIT = re.compile(r"kernel_unit_(\w+)\.cpp\.o")
# A pointer to the exception personality: data, and the same in every unit.
HARMLESS = re.compile(r"^DW\.ref\.")


def weak_symbols(library):
    """{isa: {mangled name: demangled name}} of the weak definitions in each kernel unit of the library."""
    units = {}
    for demangle in (False, True):
        listing = subprocess.run(["nm", "-A", "--defined-only", "--no-sort"] + ["-C"] * demangle + [library],
                                 check=True, capture_output=True, text=True).stdout
        for line in listing.splitlines():
            unit = UNIT.search(line)
            entry = re.search(r":[0-9a-f]+ (\w) (.+)$", line)
            if unit and entry:
                units.setdefault(unit[1], {False: [], True: []})[demangle].append((entry[1], entry[2]))
    return {isa: {plain: readable for (kind, plain), (_, readable) in zip(names[False], names[True])
                  if kind in "WVu" and not HARMLESS.match(plain)}
            for isa, names in units.items()}


def violations(units):
    found = []
    for isa, symbols in units.items():
        tag = re.compile(rf"\bisa::{isa}\b")
        found += [f"unit {isa}: {name} does not carry isa::{isa}" for name in symbols.values() if not tag.search(name)]
    names = list(units)
    for i, one in enumerate(names):
        for other in names[i + 1:]:
            found += [f"units {one} and {other} share {units[one][plain]}"
                      for plain in sorted(units[one].keys() & units[other].keys())]
    return found


def main(library):
    units = weak_symbols(library)
    if len(units) < 2:
        print(f"{library}: expected at least two kernel units, found {sorted(units)}", file=sys.stderr)
        return 1
    found = violations(units)
    for line in found:
        print(f"{library}: {line}", file=sys.stderr)
    counts = ", ".join(f"{isa} {len(symbols)}" for isa, symbols in sorted(units.items()))
    print(f"weak symbols: {counts}; shared or without their ISA: {len(found)}")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
