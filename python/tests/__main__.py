"""Runs all tests, or the modules that are named, and prints how many passed."""

import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

try:
    import torch
except ImportError as error:
    print(f"torch cannot be imported ({error}), so the Python package was not tested")
    print("python: 0 passed, 0 failed, 1 skipped")
    sys.exit(0)

torch.set_num_threads(1)
print(f"Python {sys.version.split()[0]}, torch {torch.__version__}")
names = sys.argv[1:]
if names:
    suite = unittest.defaultTestLoader.loadTestsFromNames([f"tests.{name}" for name in names])
else:
    suite = unittest.defaultTestLoader.discover(str(HERE), top_level_dir=str(HERE.parent))


class Timed(unittest.TextTestResult):
    """Says how long a test took where that was more than a second."""

    def startTest(self, test: unittest.TestCase) -> None:
        self.started = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test: unittest.TestCase) -> None:
        seconds = time.monotonic() - self.started
        if seconds > 1:
            self.stream.write(f"{seconds:.1f} s ")
        super().addSuccess(test)


# One line each; a test's own description would hide its name.
runner = unittest.TextTestRunner(
    stream=sys.stdout, verbosity=2, descriptions=False, resultclass=Timed
)
result = runner.run(suite)
failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
skipped = len(result.skipped)
passed = max(0, result.testsRun - failed - skipped)
print(f"python: {passed} passed, {failed} failed, {skipped} skipped")
sys.exit(bool(failed or result.testsRun == 0))
