#!/usr/bin/env python3
"""Holds what including a header costs: lines behind the preprocessor, which decide how long everybody who includes it compiles.

Usage: check_budget.py

Lines do not depend on the machine, as seconds do. A budget is a twentieth above what the header had when it was set; raise one with a reason.
"""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [os.environ.get("CXX", "g++"), "-std=c++20", "-fopenmp", "-DQUANTLENS_KERNELS_LIBRARY", f"-I{ROOT / 'include'}",
           "-isystem", "/usr/include/eigen3", "-E", "-P", "-x", "c++", "-"]
COMPILED = "-DQUANTLENS_COMPILED_RUNTIME"
# What is included, with the definitions or without (as our own programs and tests do), and most lines of it. Lines of g++ 12.
BUDGETS = [
    ("quantlens/quantlens.hpp", False, 245_000),
    ("quantlens/kernels/multiply.hpp", False, 59_000),
    ("quantlens/runtime/engine.hpp", True, 89_000),
    ("quantlens/models/model_session.hpp", True, 93_000),
    ("quantlens/protocols/protocol.hpp", True, 103_000),
    ("quantlens/bench/sweep.hpp", True, 117_000),
]


def lines_of(header, compiled):
    command = COMMAND + ([COMPILED] if compiled else [])
    done = subprocess.run(command, input=f'#include "{header}"\n', capture_output=True, text=True, check=True)
    return done.stdout.count("\n")


def main():
    over = 0
    for header, compiled, most in BUDGETS:
        lines = lines_of(header, compiled)
        print(f"{header}{' (compiled once)' if compiled else ''}: {lines} lines of {most}{'' if lines <= most else ', too many'}")
        over += lines > most
    print(f"{len(BUDGETS)} headers, {over} over their budget")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
