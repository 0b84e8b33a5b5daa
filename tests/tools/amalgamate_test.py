"""tools/amalgamate makes one header that programs are compiled with as with the headers of their own."""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "reference_models" / "refworld-small"
OWN = re.compile(r'(?:#include "quantlens/.+"\n)+')


class Amalgamate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.header = Path(cls.folder.name, "quantlens_single.hpp")
        subprocess.run([sys.executable, ROOT / "tools" / "amalgamate", cls.header], check=True)
        cls.text = cls.header.read_text()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_example(self, name):
        """What the example prints, built with the single header. Without optimization: two minutes less."""
        source, program = (Path(self.folder.name, name + end) for end in (".cpp", ".o"))
        text = (ROOT / "examples" / source.name).read_text()
        source.write_text('#include "quantlens_single.hpp"\n' + OWN.sub("", text))
        compiler = os.environ.get("CXX", "c++")
        subprocess.run([compiler, "-std=c++20", "-O0", "-fopenmp", "-isystem", "/usr/include/eigen3", "-c", source, "-o", program],
                       check=True)
        # What is not inline would be defined twice by two sources of a program.
        defined = subprocess.run(["nm", "--defined-only", "-g", program], check=True, capture_output=True, text=True).stdout
        self.assertEqual(re.findall(r" [TDBR] (\S+)", defined), ["main"])
        linked = program.with_suffix("")
        subprocess.run([compiler, "-fopenmp", program, "-o", linked, "-lpcre2-8", "-lutf8proc"], check=True)
        return subprocess.run([linked, MODEL], check=True, capture_output=True, text=True).stdout

    def test_everything_is_there_once(self):
        version = re.search(r'VERSION "(.+)"', (ROOT / "include/quantlens/version.hpp").read_text())[1]
        self.assertTrue(self.text.startswith(f"/// quantlens {version} in one header"))
        self.assertEqual(self.text.count("#pragma once"), 1)
        self.assertNotRegex(self.text, r'#include "')
        for pattern in (r"^// quantlens/\S+$", r"^#include <(?!immintrin).+>$"):
            found = re.findall(pattern, self.text, re.MULTILINE)
            self.assertGreater(len(found), 50)
            self.assertEqual(sorted(found), sorted(set(found)))

    def test_a_matrix_is_multiplied(self):
        self.assertIn("relative error of the product 0.070", self.run_example("multiply"))

    def test_a_model_answers(self):
        self.assertIn("-> sports\n", self.run_example("generate"))


if __name__ == "__main__":
    unittest.main()
