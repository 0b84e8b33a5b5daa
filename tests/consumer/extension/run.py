#!/usr/bin/env python3
"""Runs the extended bench: run.py PROGRAM. The toys have to be in the rows, and wrong use of them has to be refused."""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TASK = "toy_reasons/toy_naming"


def run(out, *arguments):
    command = [sys.argv[1], "--tasks-dir", HERE / "tasks", "--model", "refworld-small", "--latency-items", "0", "--quiet"]
    command += ["--out", out, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600, check=False)


def expect(good, *what):
    if not good:
        sys.exit(" ".join(map(str, what)))


def main():
    with tempfile.TemporaryDirectory() as folder:
        formats = "full,toy-pow2-w8-g64,toy-pow2-w2-g64"
        done = run(folder, "--tasks", TASK, "--formats", formats, "--protocol-options", "least_overlap=50,label_score=mean")
        expect(done.returncode == 0, done.stderr, done.stdout)
        results = json.loads((pathlib.Path(folder) / "results.json").read_text(encoding="utf-8"))
        options = results["manifest"]["tasks"][TASK]["protocol_options"]
        expect(options == {"label_score": "mean", "least_overlap": "50"}, "options", options)
        rows = results["rows"]
        expect([row["format"] for row in rows] == formats.split(","), "formats", [row["format"] for row in rows])
        for row in rows:
            metrics = row["metrics"]
            expect(metrics["names_a_reason"]["n"] == 6, "names_a_reason", metrics["names_a_reason"])
            expect(metrics["labels_used"]["value"] in (1.0, 2.0), "labels_used", metrics["labels_used"])
            expect(metrics["rouge_l"]["n"] == 0, "a metric of another protocol", metrics["rouge_l"])
        expect(rows[1]["provenance"]["scheme"]["method"] == "toy-pow2", rows[1]["provenance"])
        expect(8 < rows[1]["provenance"]["bits_per_weight"] < 8.5, rows[1]["provenance"])

        other = run(folder, "--tasks", TASK, "--formats", "full", "--protocol-options", "least_overlp=50")
        expect(other.returncode == 2 and "did you mean 'least_overlap'?" in other.stderr, other.stderr)
        other = run(folder, "--tasks", TASK, "--formats", "toy-pow2")
        expect(other.returncode == 2 and "needs a bit width" in other.stderr, other.stderr)
        other = run(folder, "--tasks", "toy_reasons/nle", "--formats", "full")
        expect(other.returncode == 2 and "toy_naming" in other.stderr, other.stderr)


if __name__ == "__main__":
    main()
