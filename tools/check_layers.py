#!/usr/bin/env python3
"""Holds the rules of the house and checks them: who may include whom, and what a source file looks like.

Usage: check_layers.py [ROOT]      (default: the repository that this script is in)

Violations are printed as file:line: what is wrong.
"""
import re
import sys
from pathlib import Path

# Each room, and exactly the other rooms whose headers it may include. Lowest first: no room includes a later one.
ROOMS = {
    "core": [],
    "io": ["core"],
    "text": ["core", "io"],
    "jinja": ["core", "io", "text"],
    "packed": ["core", "io"],
    "weights": ["core", "io", "packed", "text"],
    "checkpoints": ["core", "io", "jinja", "packed", "text", "weights"],
    "quant": ["core", "packed"],
    "isa": ["core", "packed"],
    "kernels": ["core", "isa", "packed"],
    "runtime": ["core", "kernels", "packed", "text", "weights"],
    "convert": ["checkpoints", "core", "kernels", "packed", "quant", "runtime", "text", "weights"],
    "models": ["checkpoints", "convert", "core", "io", "jinja", "kernels", "runtime", "text", "weights"],
    "stats": ["core"],
    "metrics": ["core", "stats"],
    "explain": ["core"],
    "tasks": ["core", "io", "metrics", "models", "text"],
    "asking": ["core", "explain", "metrics", "models", "tasks", "text"],
    "protocols": ["asking", "core", "explain", "metrics", "models", "stats", "tasks"],
    "bench": ["asking", "convert", "core", "io", "metrics", "models", "protocols", "quant", "runtime", "stats", "tasks"],
    "report": ["bench", "core", "io", "stats"],
    "studies": ["bench", "core", "io", "metrics", "protocols", "quant", "stats", "tasks"],
    "app": ["bench", "core", "io", "models", "report", "studies"],
}
# No room holds more headers than a reader can keep in view. What a header declares, an `_impl.hpp` of its name may define:
# that one is no header of its own, and only its header includes it.
MAX_HEADERS = 26
IMPL = "_impl.hpp"

# What an embedder of quantlens::kernels gets, and all that those headers may include.
KERNELS = ["core/", "packed/", "isa/", "kernels/", "io/ggml_type.hpp", "version.hpp"]

# Where each third party may be included: prefixes of paths below include/quantlens, or below the repository.
JSON = ["io/", "jinja/", "text/", "weights/", "checkpoints/", "models/", "tasks/", "asking/", "protocols/", "bench/", "report/", "studies/", "app/",
        "tests/", "tools/", "benchmarks/"]
THIRD_PARTIES = {
    r"xsimd/": ["isa/simd.hpp"],
    r"(imm|x86)intrin\.h|cpuid\.h": ["isa/"],
    r"omp\.h": ["core/parallel.hpp"],
    r"Eigen/": ["quant/"],
    r"pcre2\.h": ["text/"],
    r"utf8proc\.h": ["text/", "jinja/"],
    r"nlohmann/": JSON,
    r"toml\+\+/": ["tasks/"],
    r"range/v3/": ["tasks/", "asking/", "protocols/", "metrics/"],
    r"boost/": ["stats/"],
    r"httplib\.h": ["app/http_client_impl.hpp"],
    r"benchmark/": ["bench/", "report/", "app/", "main.hpp", "benchmarks/"],
    r"catch2/": ["tests/"],
    r"CLI/": ["app/command_line_impl.hpp", "app/bench_command_line_impl.hpp", "tools/", "benchmarks/"],
}
STANDARD = re.compile(r"^[a-z_0-9]+$")
SYSTEM = re.compile(r"^((fcntl|unistd|malloc|dirent|errno|signal|time|spawn|dlfcn|poll|sched|pthread)\.h|(sys|netinet)/\w+\.h|linux/\w+\.h)$")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
OPENMP = re.compile(r"^\s*#\s*pragma\s+omp\b|_Pragma\(\"omp")

MAX_LINES = 400
FOLDERS = ["include", "tests", "tools", "benchmarks", "examples"]


class Checker:
    def __init__(self, root):
        self.root = root
        self.include = root / "include" / "quantlens"
        self.violations = []
        self.included = {room: set() for room in ROOMS}

    def report(self, path, line, message):
        self.violations.append(f"{path.relative_to(self.root)}:{line}: {message}")

    def check(self):
        files = sorted(p for folder in FOLDERS for p in (self.root / folder).rglob("*") if p.suffix in (".hpp", ".cpp"))
        for path in files:
            self.check_file(path)
        self.check_rooms()
        return files

    def check_rooms(self):
        """Rows name earlier rooms only, and rooms stay small."""
        rooms = list(ROOMS)
        for room, allowed in ROOMS.items():
            for other in allowed:
                if other not in rooms[: rooms.index(room)]:
                    self.violations.append(f"tools/check_layers.py: {room}/ may include {other}/, which is no earlier room")
            n = len([p for p in (self.include / room).glob("*.hpp") if not p.name.endswith(IMPL)])
            if n > MAX_HEADERS:
                self.violations.append(f"include/quantlens/{room}: {n} headers; {MAX_HEADERS} is the end")

    def check_file(self, path):
        lines = path.read_text(encoding="utf-8").splitlines()
        in_library = self.include in path.parents
        # What the rules call the file: "kernels/dot.hpp" in the library, "tests/io/gguf_test.cpp" elsewhere.
        name = path.relative_to(self.include if in_library else self.root).as_posix()

        if len(lines) > MAX_LINES:
            self.report(path, len(lines), f"{len(lines)} lines; {MAX_LINES} is the end")
        if path.suffix == ".hpp":
            if not lines or not lines[0].startswith("/// "):
                self.report(path, 1, "the first line of a header is '/// <its one job>'")
            if "#pragma once" not in lines:
                self.report(path, 1, "no #pragma once")
        folder = name.split("/")[0] if in_library and "/" in name else None
        if folder is not None and folder not in ROOMS:
            self.report(path, 1, f"the folder '{folder}' is no room; give it a row in tools/check_layers.py")
            folder = None

        for number, line in enumerate(lines, 1):
            if OPENMP.search(line) and name not in THIRD_PARTIES[r"omp\.h"]:
                self.report(path, number, "OpenMP belongs to core/parallel.hpp")
            found = INCLUDE.match(line)
            if found and found[1] == "<":
                self.check_foreign(path, number, name, found[2])
            elif found:
                self.check_own(path, number, name, folder, found[2])

    def check_foreign(self, path, number, name, header):
        for pattern, places in THIRD_PARTIES.items():
            if re.match(pattern, header):
                if not any(name.startswith(place) for place in places):
                    self.report(path, number, f"<{header}> may be included only in {', '.join(places)}")
                return
        if header.startswith("quantlens/"):
            self.report(path, number, f'write "{header}" with quotes')
        elif not STANDARD.match(header) and not SYSTEM.match(header):
            self.report(path, number, f"<{header}> is a third party that tools/check_layers.py does not know")

    def may_define(self, name, impl):
        """Its own header, or one that the definitions include: header and definitions may need each other through it."""
        return name == impl.removesuffix(IMPL) + ".hpp" or f'"quantlens/{name}"' in (self.include / impl).read_text()

    def check_own(self, path, number, name, folder, header):
        if not header.startswith("quantlens/"):
            # Tests and programs may share a header of their own folder.
            if self.include in path.parents or not (path.parent / header).is_file():
                self.report(path, number, f'"{header}": includes are "quantlens/<layer>/<name>.hpp"')
            return
        target = header.removeprefix("quantlens/")
        if not (self.include / target).is_file():
            self.report(path, number, f'"{header}" does not exist')
            return
        if target.endswith(IMPL) and not self.may_define(name, target):
            self.report(path, number, f'"{header}" is for {target.removesuffix(IMPL)}.hpp alone')
        if folder is None:
            return
        target_folder = target.split("/")[0] if "/" in target else None
        self.included[folder].add(target_folder)
        if target_folder is None and target != "version.hpp":
            self.report(path, number, f'{folder}/ may not include "{header}", which stands above all layers')
        elif target_folder is not None and target_folder != folder and target_folder not in ROOMS[folder]:
            self.report(path, number, f'{folder}/ may not include "{header}": {target_folder}/ is not in its row')
        elif any(name.startswith(p) for p in KERNELS) and not any(target.startswith(p) for p in KERNELS):
            self.report(path, number, f'"{header}" is not part of the kernels component, but this header is')


def main(root):
    checker = Checker(root.resolve())
    files = checker.check()
    for violation in checker.violations:
        print(violation, file=sys.stderr)
    print(f"{len(files)} files, {len(checker.violations)} violations")
    return 1 if checker.violations or not files else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent))
