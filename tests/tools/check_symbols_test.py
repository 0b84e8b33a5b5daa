"""tools/check_symbols.py finds a weak symbol that kernel units share, and one that does not carry its ISA."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "check_symbols.py"
TAGGED = "namespace isa { struct baseline {}; struct avx2 {}; }\n" \
         "template <class Isa> __attribute__((noinline)) int dot(int x) { return x + 1; }\n" \
         "int table_{isa}(int x) { return dot<isa::{isa}>(x); }\n"
SHARED = "__attribute__((noinline)) inline int helper(int x) { return x + 1; }\n" \
         "int table_{isa}(int x) { return helper(x); }\n"


def run_on(**units):
    """The exit status and the violations for a library of these kernel units."""
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for isa, text in units.items():
            source = Path(folder, f"kernel_unit_{isa}.cpp")
            source.write_text(text.replace("{isa}", isa))
            objects.append(f"{source}.o")
            subprocess.run([os.environ.get("CXX", "c++"), "-O1", "-c", source, "-o", objects[-1]], check=True)
        library = Path(folder, "libkernels.a")
        subprocess.run(["ar", "rcs", library, *objects], check=True)
        done = subprocess.run([sys.executable, SCRIPT, library], capture_output=True, text=True)
        return done.returncode, done.stderr


class CheckSymbols(unittest.TestCase):
    def test_tagged_units_pass(self):
        self.assertEqual(run_on(baseline=TAGGED, avx2=TAGGED), (0, ""))

    def test_shared_symbol(self):
        status, report = run_on(baseline=SHARED, avx2=SHARED)
        self.assertEqual(status, 1)
        self.assertIn("share", report)

    def test_symbol_without_its_isa(self):
        status, report = run_on(baseline=TAGGED, avx2=SHARED)
        self.assertEqual(status, 1)
        self.assertIn("unit avx2: helper(int) does not carry isa::avx2", report)

    def test_symbol_with_the_isa_of_another(self):
        other = TAGGED.replace("dot<isa::{isa}>", "dot<isa::baseline>")
        self.assertEqual(run_on(baseline=TAGGED, avx2=other)[0], 1)

    def test_a_library_without_units_is_no_success(self):
        self.assertEqual(run_on()[0], 1)


if __name__ == "__main__":
    unittest.main()
