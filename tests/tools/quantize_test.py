"""quantlens quantize loses nothing: whenever it is killed, stopped, started twice or refused."""
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL = Path(os.environ.get("QUANTLENS_BIN_DIR", ""), "quantlens")
SHIM = os.environ.get("QUANTLENS_KILL_SHIM", "")
MODEL = ROOT / "tests" / "data" / "models" / "tiny-llama"


def digests(path):
    """The hash of a file, or of every file in a folder; None where there is nothing."""
    if path.is_dir():
        return {entry.name: digests(entry) for entry in path.iterdir()}
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


class Quantize(unittest.TestCase):
    def setUp(self):
        self.assertTrue(TOOL.is_file(), f"no tool {TOOL}; set QUANTLENS_BIN_DIR")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.text = self.folder / "text.txt"
        self.text.write_text("The quick brown fox jumps over the lazy dog, and the dog sleeps on. " * 4)
        self.work = self.folder / "work"
        self.work.mkdir()

    def command(self, form, out, model=MODEL, calibration=None, sequences=2, length=32):
        return [TOOL, "quantize", "--model", model, "--format", form, "--calibration", calibration or self.text,
                "--calibration-sequences", str(sequences), "--calibration-length", str(length), "--threads", "1",
                "--out", out]

    def run_tool(self, command, **environment):
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
        return done.returncode, done.stderr

    def clear_work(self):
        shutil.rmtree(self.work)
        self.work.mkdir()

    @unittest.skipUnless(SHIM, "no shim that kills; set QUANTLENS_KILL_SHIM")
    def check_kills(self, form, name):
        """Kills the run at each of its changes to the disk; the same command then gives the bytes of one undisturbed."""
        out = self.work / name
        command = self.command(form, out)
        self.clear_work()
        self.assertEqual(self.run_tool(command)[0], 0)
        whole = digests(out)
        n_kills = 0
        while True:
            self.clear_work()
            status, _ = self.run_tool(command, LD_PRELOAD=SHIM, KILL_AT=str(n_kills + 1), KILL_PREFIX=str(self.work))
            if status == 0:
                break
            self.assertEqual(status, -signal.SIGKILL)
            n_kills += 1
            left = sorted(path.relative_to(self.work).as_posix() for path in self.work.rglob("*"))
            with self.subTest(form=form, kill=n_kills, left=left):
                if digests(out) is None:
                    self.assertEqual(self.run_tool(command), (0, self.run_note(left)))
                else:
                    status, error = self.run_tool(command)
                    self.assertEqual(status, 2)
                    self.assertIn("exists already", error)
                self.assertEqual(digests(out), whole)
                self.assertEqual([path.name for path in self.work.iterdir()], [name])
        return n_kills

    def run_note(self, left):
        n_finished = sum(path.endswith(".json") and "/block-" in path for path in left)
        return f"{self.work}/out.partial: going on behind {n_finished} finished blocks\n" if n_finished else ""

    def test_a_kill_at_any_change_is_made_up_for_by_the_same_command(self):
        self.assertGreater(self.check_kills("rtn-w4", "out"), 40)
        self.assertGreater(self.check_kills("gptq-w4", "out"), 60)
        self.assertGreater(self.check_kills("gguf-f16", "out.gguf"), 20)

    def test_of_runs_into_one_folder_one_makes_it_and_the_others_say_why_not(self):
        out = self.work / "out"
        self.assertEqual(self.run_tool(self.command("gptq-w4", out))[0], 0)
        whole = digests(out)
        for _ in range(8):
            self.clear_work()
            runs = [subprocess.Popen(self.command("gptq-w4", out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                     text=True) for _ in range(3)]
            results = [(run.communicate()[1], run.returncode) for run in runs]
            self.assertEqual(sorted(status for _, status in results), [0, 2, 2])
            for error, status in results:
                if status == 2:
                    self.assertRegex(error, r"\[quantlens\.(locked|usage)\] .*(still going|exists already)")
            self.assertEqual(digests(out), whole)
            self.assertEqual([path.name for path in self.work.iterdir()], ["out"])

    def test_a_signal_stops_between_steps_and_the_same_command_goes_on(self):
        out = self.work / "out"
        command = self.command("gptq-w4-g64", out, model="refworld-small", sequences=4, length=64,
                               calibration=ROOT / "reference_models" / "calibration" / "world.jsonl")
        self.assertEqual(self.run_tool(command)[0], 0)
        whole = digests(out)
        for number in (signal.SIGINT, signal.SIGTERM):
            self.clear_work()
            run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            while run.poll() is None and not (self.work / "out.partial" / "block-0.json").exists():
                pass
            run.send_signal(number)
            error = run.communicate()[1]
            if run.returncode != 0:  # else it was done before the signal came
                self.assertEqual(run.returncode, 128 + number)
                self.assertRegex(error, r"[1-9] of [0-9]+ blocks are finished; the same command goes on behind them")
                self.assertFalse(out.exists())
                self.assertEqual(self.run_tool(command)[0], 0)
            self.assertEqual(digests(out), whole)

    def test_a_run_that_is_refused_leaves_nothing(self):
        out = self.work / "out"
        for command, reason in [
            (self.command("gptq-w5x", out), "gptq-w5x"),
            (self.command("full", out), "changes nothing"),
            (self.command("hqq-w4", out), "hqq"),
            (self.command("gptq-w4-g32", out), "group"),
            (self.command("rtn-w4-g32", out), "group"),
            (self.command("gptq-w4", out, calibration=self.folder / "nowhere"), "nowhere"),
            (self.command("gptq-w4", out, length=4096), "context"),
            (self.command("gptq-w4", out, sequences=4096), "--calibration-sequences"),
            (self.command("rtn-w4", out, model=self.text), "is text"),
            (self.command("rtn-w4", out, model=ROOT / "tests" / "data" / "weights" / "llama.gguf"), "folder"),
            (self.command("gguf-q4_0", out), "blocks"),
        ]:
            with self.subTest(reason=reason):
                status, error = self.run_tool(command)
                self.assertEqual(status, 2)
                self.assertIn(reason, error)
                self.assertEqual(error.count("[quantlens."), 1)
                self.assertEqual(list(self.work.iterdir()), [])

    def test_values_that_options_cannot_take_are_wrong_use(self):
        generate = [TOOL, "generate", "--model", MODEL, "--prompt", "a"]
        sampling = [*generate, "--temperature", "1"]
        for command, option, value in [
            ([TOOL, "quantize", "--model", MODEL, "--format", "rtn-w4"], "--out", ""),
            ([TOOL, "inspect"], "--model", ""),
            (generate, "--calibration", ""),
            *[(generate, "--temperature", value) for value in ("nan", "-nan", "inf", "1e400", "-1", "", "0x1p3x")],
            *[(sampling, "--top-p", value) for value in ("nan", "inf", "1.5", "-0.1")],
            *[(generate, "--max-new-tokens", value) for value in ("99999999999999999999", "-1", "1e3", "1.5", "010")],
            *[(sampling, option, value) for option in ("--seed", "--top-k")
              for value in ("99999999999999999999", "-1", "nan", "")],
            *[(generate, "--threads", value) for value in ("99999999999999999999", "0", "nan")],
        ]:
            with self.subTest(option=option, value=value):
                status, error = self.run_tool([*command, f"{option}={value}"])
                self.assertEqual(status, 2)
                self.assertIn(option, error)
                self.assertEqual(list(self.work.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
