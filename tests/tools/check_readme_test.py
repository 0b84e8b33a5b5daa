"""tools/check_readme.py executes what it should, and fails when a block does."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "check_readme.py"


def run_on(text):
    """The exit status and stdout for a README of this text."""
    with tempfile.TemporaryDirectory() as folder:
        readme = Path(folder, "README.md")
        readme.write_text(text)
        done = subprocess.run([sys.executable, SCRIPT, readme], capture_output=True, text=True)
        return done.returncode, done.stdout


class CheckReadme(unittest.TestCase):
    def test_commands_run_in_order_in_the_root(self):
        self.assertEqual(run_on("```sh\ntest -f CMakeLists.txt\ntrue\n```\n")[0], 0)

    def test_a_failing_command_fails(self):
        status, output = run_on("# Title\n\n```sh\nfalse\ntrue\n```\n\n```sh\ntrue\n```\n")
        self.assertEqual(status, 1)
        self.assertIn("README.md:3 (sh): FAILED", output)
        self.assertIn("2 blocks executed of 2, 1 failed", output)

    def test_set_up_commands_are_left_out(self):
        status, output = run_on("```sh\nscripts/demo\nscripts/test   # the suite\n```\n\n```sh\ntrue\n```\n")
        self.assertEqual(status, 0)
        self.assertIn("left out: scripts/demo", output)
        self.assertIn("1 blocks executed of 2", output)

    def test_a_program_is_compiled_and_run(self):
        include = '#include "quantlens/version.hpp"\n'
        self.assertEqual(run_on(f"```cpp\n{include}int main() {{ return QUANTLENS_VERSION_MAJOR; }}\n```\n")[0], 0)
        self.assertEqual(run_on(f"```cpp\n{include}int main() {{ return 3; }}\n```\n")[0], 1)
        self.assertEqual(run_on(f"```cpp\n{include}int main() {{ return x; }}\n```\n")[0], 1)

    def test_a_program_that_reads_arguments_refuses_none(self):
        self.assertEqual(run_on("```cpp\nint main(int, char** argv) { return argv[1][0]; }\n```\n")[0], 1)
        self.assertEqual(run_on("```cpp\nint main(int n, char** argv) { return n == 1; static_cast<void>(argv); }\n```\n")[0], 1)

    def test_a_block_names_its_language(self):
        self.assertEqual(run_on("```sh\ntrue\n```\n\n```\nfalse\n```\n")[0], 1)

    def test_nothing_executed_is_no_success(self):
        self.assertEqual(run_on("No blocks.\n")[0], 1)


if __name__ == "__main__":
    unittest.main()
