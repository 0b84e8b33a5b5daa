#!/usr/bin/env python3
"""Runs the built quantizers program: its table, its file, its journal and its exit statuses."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(os.environ.get("QUANTLENS_BIN_DIR", "build/release/bin")) / "quantizers"
SMALL = {"--model": "refworld-small", "--sequences": "20", "--calibration-sequences": "2", "--calibration-length": "64",
         "--distortion-windows": "1", "--threads": "2"}


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def run(*arguments):
    defaults = [word for flag, value in SMALL.items() if flag not in arguments for word in (flag, value)]
    return subprocess.run([PROGRAM, *defaults, *arguments], capture_output=True, text=True, timeout=600)


class Quantizers(unittest.TestCase):
    def test_a_run_and_its_resumption(self):
        with tempfile.TemporaryDirectory() as folder:
            first = run("--formats", "full,rtn-w8-g128,rtn-w2-g128", "--out", folder)
            self.assertEqual(first.returncode, 0, first.stderr)
            lines = first.stdout.splitlines()
            self.assertTrue(lines[0].startswith("format"), first.stdout)
            self.assertEqual([line.split()[0] for line in lines[1:]], ["full", "rtn-w8-g128", "rtn-w2-g128"])
            file = pathlib.Path(folder) / "quantizers.json"
            results = json.loads(file.read_text(), parse_constant=refuse_constant)
            self.assertEqual(results["schema"], "quantlens-quantizers/1")
            self.assertEqual(results["manifest"]["text"]["sequences"], 20)
            full, w8, w2 = results["rows"]
            self.assertEqual((full["kl"]["value"], full["top1"]["value"], full["snr_db"]), (0, 1, None))
            self.assertEqual(full["perplexity"], full["full_perplexity"])
            self.assertLess(0, w8["kl"]["value"])
            self.assertLess(w8["kl"]["value"], w2["kl"]["value"])
            self.assertLess(w8["relative_error"], w2["relative_error"])
            self.assertLess(w2["weight_mib"], w8["weight_mib"])
            self.assertEqual(w2["scheme"]["group_size"], 128)

            second = run("--formats", "full,rtn-w8-g128,rtn-w2-g128", "--out", folder)
            self.assertEqual(second.stdout, first.stdout)
            self.assertEqual(json.loads(file.read_text())["rows"], results["rows"])
            # Other text, other numbers: nothing is served.
            other = run("--formats", "rtn-w2-g128", "--sequences", "10", "--out", folder)
            self.assertEqual(other.returncode, 0, other.stderr)
            self.assertNotEqual(json.loads(file.read_text())["rows"][0]["kl"], w2["kl"])

    def test_a_format_that_does_not_fit_fails_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run("--formats", "rtn-w4-g96,rtn-w4-g64", "--out", folder)
            self.assertEqual(result.returncode, 1)
            self.assertIn("group", result.stderr)
            results = json.loads((pathlib.Path(folder) / "quantizers.json").read_text())
            self.assertEqual([row["format"] for row in results["failed"]], ["rtn-w4-g96"])
            self.assertEqual([row["format"] for row in results["rows"]], ["rtn-w4-g64"])

    def test_wrong_use(self):
        for arguments, message in [(["--formats", "rtn-w5"], "rtn-w5"), (["--frobnicate"], "--frobnicate"),
                                   (["--format", "full"], "did you mean '--formats'?"), (["--formats", ","], "takes a list"),
                                   (["--threads", "0"], "--threads takes a whole number from 1 to 4096; got '0'"),
                                   (["--benchmark_format=jason"], "did you mean 'json'?"),
                                   (["--text", "/nowhere.txt"], "nowhere"), (["--model", "nothing"], "nothing")]:
            with self.subTest(arguments=arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(message, result.stderr)
                self.assertEqual(result.stdout, "")


if __name__ == "__main__":
    if not PROGRAM.exists():
        sys.exit(f"no program {PROGRAM}; set QUANTLENS_BIN_DIR")
    unittest.main()
