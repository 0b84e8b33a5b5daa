"""tools/check_layers.py finds every kind of violation, at its file and line."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "check_layers.py"
sys.path.insert(0, str(SCRIPT.parent))
import check_layers  # noqa: E402
CLEAN = {
    "include/quantlens/core/error.hpp": "/// Errors.\n#pragma once\n\n#include <string>\n",
    "include/quantlens/io/gguf.hpp": '/// Files.\n#pragma once\n\n#include "quantlens/core/error.hpp"\n',
    "include/quantlens/kernels/dot.hpp": '/// Dot.\n#pragma once\n\n#include "quantlens/core/error.hpp"\n',
    "tests/io/gguf_test.cpp": '#include "quantlens/io/gguf.hpp"\n\n#include <catch2/catch.hpp>\n',
}


def run_on(files):
    """The exit status and the violations for a repository of these files."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, SCRIPT, root], capture_output=True, text=True)
        return done.returncode, done.stderr


class CheckLayers(unittest.TestCase):
    def expect(self, name, text, location, *words):
        status, report = run_on(CLEAN | {name: text})
        self.assertEqual(status, 1, report)
        self.assertTrue(report.startswith(f"{name}:{location}:"), report)
        self.assertEqual(report.count("\n"), 1, report)
        for word in words:
            self.assertIn(word, report)

    def header(self, folder, include, location, *words):
        self.expect(f"include/quantlens/{folder}/planted.hpp", f"/// Planted.\n#pragma once\n\n#include {include}\n",
                    location, *words)

    def test_clean_repository_passes(self):
        self.assertEqual(run_on(CLEAN), (0, ""))

    def test_empty_repository_is_no_success(self):
        self.assertEqual(run_on({})[0], 1)

    def test_room_outside_the_row(self):
        self.header("core", '"quantlens/io/gguf.hpp"', 4, "not in its row")

    def test_room_too_full(self):
        files = {f"include/quantlens/io/h{i}.hpp": "/// H.\n#pragma once\n" for i in range(check_layers.MAX_HEADERS)}
        status, report = run_on(CLEAN | files)
        self.assertEqual(status, 1)
        self.assertIn("include/quantlens/io: 27 headers", report)

    def test_definitions_beside_a_header_are_its_own(self):
        files = {f"include/quantlens/io/h{i}.hpp": "/// H.\n#pragma once\n" for i in range(check_layers.MAX_HEADERS - 1)}
        files |= {"include/quantlens/io/h0.hpp": '/// H.\n#pragma once\n\n#include "quantlens/io/h0_impl.hpp"\n',
                  "include/quantlens/io/h0_impl.hpp": '/// H.\n#pragma once\n\n#include "quantlens/io/h0.hpp"\n'}
        self.assertEqual(run_on(CLEAN | files), (0, ""))

    def test_definitions_of_another_header(self):
        files = {"include/quantlens/io/gguf_impl.hpp": "/// Files.\n#pragma once\n",
                 "include/quantlens/io/planted.hpp": '/// H.\n#pragma once\n\n#include "quantlens/io/gguf_impl.hpp"\n'}
        status, report = run_on(CLEAN | files)
        self.assertEqual(status, 1)
        self.assertIn('planted.hpp:4: "quantlens/io/gguf_impl.hpp" is for io/gguf.hpp alone', report)

    def test_rows_say_no_more_than_the_headers_do(self):
        checker = check_layers.Checker(ROOT)
        checker.check()
        for room, allowed in check_layers.ROOMS.items():
            self.assertEqual(set(allowed), checker.included[room] - {room, None}, room)

    def test_kernels_stay_within_their_component(self):
        self.header("packed", '"quantlens/io/gguf.hpp"', 4, "kernels component")

    def test_missing_header(self):
        self.header("io", '"quantlens/io/nowhere.hpp"', 4, "does not exist")

    def test_relative_include(self):
        self.header("io", '"gguf.hpp"', 4, "quantlens/<layer>")

    def test_angle_include_of_our_own(self):
        self.header("io", "<quantlens/core/error.hpp>", 4, "quotes")

    def test_third_party_out_of_place(self):
        for folder, header in [("core", "xsimd/xsimd.hpp"), ("core", "omp.h"), ("io", "pcre2.h"), ("io", "utf8proc.h"),
                               ("text", "range/v3/all.hpp"), ("metrics", "benchmark/benchmark.h"),
                               ("kernels", "nlohmann/json.hpp"), ("io", "catch2/catch.hpp"), ("io", "CLI/CLI.hpp"),
                               ("metrics", "boost/math/distributions/normal.hpp"), ("kernels", "immintrin.h"),
                               ("runtime", "Eigen/Dense"), ("io", "toml++/toml.h"), ("app", "CLI/CLI.hpp")]:
            with self.subTest(header=header):
                self.header(folder, f"<{header}>", 4, header)

    def test_unknown_third_party(self):
        self.header("io", "<fmt/format.h>", 4, "does not know")

    def test_openmp_pragma(self):
        self.expect("include/quantlens/io/planted.hpp", "/// Planted.\n#pragma once\n\n#pragma omp parallel\n", 4, "OpenMP")

    def test_folder_without_layer(self):
        self.expect("include/quantlens/misc/planted.hpp", "/// Planted.\n#pragma once\n", 1, "misc")

    def test_first_line(self):
        self.expect("include/quantlens/io/planted.hpp", "#pragma once\n", 1, "first line")

    def test_pragma_once(self):
        self.expect("include/quantlens/io/planted.hpp", "/// Planted.\n", 1, "#pragma once")

    def test_length(self):
        self.expect("include/quantlens/io/planted.hpp", "/// Planted.\n#pragma once\n" + "\n" * 399, 401, "400")


if __name__ == "__main__":
    unittest.main()
