#!/usr/bin/env python3
"""Executes the README: its shell blocks in order, and its C++ blocks that are whole programs.

Usage: check_readme.py [README.md]

Shell blocks (```sh) run in the repository's root with bash -eu, each in a shell of its own. The two set-up commands,
scripts/demo and scripts/test, are left out: they build what the others need and run on their own. C++ blocks (```cpp)
with a main function are compiled against include/ and run; one that reads argv gets the path of a model, and has to
refuse none with status 2. Every block has to name its language, so that none is passed over by mistake.
"""
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETUP = re.compile(r"^\s*(scripts/demo|scripts/test)\b")
FENCE = re.compile(r"^```(.*)$")
COMPILE = ["-std=c++20", "-O1", "-fopenmp", f"-I{ROOT / 'include'}", "-isystem", "/usr/include/eigen3"]
LIBRARIES = ["-lpcre2-8", "-lutf8proc", "-lbenchmark", "-lpthread"]
TIMEOUT_S = 900


def blocks(text):
    """(line number, language, lines) of every fenced block."""
    found, current = [], None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence and current is None:
            current = (number, fence[1].strip(), [])
        elif fence:
            found.append(current)
            current = None
        elif current is not None:
            current[2].append(line)
    if current is not None:
        raise ValueError(f"line {current[0]}: a block that does not end")
    return found


def run(what, command, expected=0):
    """Runs one block; prints its output only when its status is not the expected one."""
    began = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=TIMEOUT_S)
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        status, output = f"no end after {TIMEOUT_S} s", (expired.stdout or b"").decode(errors="replace")
    print(f"{what}: {'ok' if status == expected else f'FAILED ({status})'} ({time.monotonic() - began:.1f} s)", flush=True)
    if status != expected:
        print(output[-6000:], file=sys.stderr)
    return status == expected


def run_shell(what, lines):
    commands = [line for line in lines if not SETUP.match(line)]
    for line in lines:
        if SETUP.match(line):
            print(f"{what}: set-up command left out: {line.strip()}")
    if not any(line.strip() and not line.lstrip().startswith("#") for line in commands):
        return None
    return run(what, ["bash", "-euo", "pipefail", "-c", "\n".join(commands)])


def run_program(what, lines):
    text = "\n".join(lines) + "\n"
    if not re.search(r"\bint main\b|\bQUANTLENS_MAIN\b", text):
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "readme.cpp"), Path(folder, "readme")
        source.write_text(text)
        compiler = os.environ.get("CXX", "g++")
        if not run(f"{what}, compiled", [compiler, *COMPILE, source, "-o", program, *LIBRARIES]):
            return False
        arguments = []
        if "argv" in text:
            if not run(f"{what}, without an argument", [program], expected=2):
                return False
            arguments = [subprocess.run([ROOT / "scripts/fetch-model", "smollm2-135m-instruct"], check=True,
                                        stdout=subprocess.PIPE, text=True).stdout.strip()]
        return run(f"{what}, run", [program, *arguments])


def main(readme):
    found = blocks(readme.read_text(encoding="utf-8"))
    results = []
    for number, language, lines in found:
        what = f"{readme.name}:{number} ({language or 'no language'})"
        if not language:
            print(f"{what}: a block has to name its language", file=sys.stderr)
            results.append(False)
        elif language in ("sh", "bash", "console"):
            results.append(run_shell(what, lines))
        elif language in ("cpp", "c++"):
            results.append(run_program(what, lines))
    executed = [result for result in results if result is not None]
    print(f"{len(executed)} blocks executed of {len(found)}, {executed.count(False)} failed")
    return 0 if executed and all(executed) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "README.md"))
