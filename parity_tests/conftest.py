"""What holds for every test: the same examples each time, one thread, no state that one test leaves to the next.

Hypothesis runs under the profile `ci`: derandomized, without a deadline, without a database (failures live in the
corpus). To search further, `nox -s parity` is the tool; `nox -s tests -- --hypothesis-profile explore` draws new
examples in the tests themselves.
"""

import os
import random
import sys
from pathlib import Path

# Before anything imports NumPy or torch, for a pytest that noxfile.py did not start: sums are repeatable with one
# thread only, and xdist's workers share the cores already.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np
import pytest
from hypothesis import HealthCheck, configuration, settings

settings.register_profile(
    "ci", derandomize=True, database=None, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", settings.get_profile("ci"), derandomize=False, max_examples=1000)
configuration.set_hypothesis_home_dir(Path(__file__).parents[1] / "build" / "hypothesis")
settings.load_profile("ci")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what a run of all tests leaves out: those that need a browser, or the site."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    for folder, session in (("browser", "browser"), ("site", "docs")):
        files = sorted((Path(__file__).parent / folder).glob("check_*.py"))
        count = sum(path.read_text(encoding="utf-8").count("\ndef test_") for path in files)
        terminalreporter.write_line(f"left out: {count} tests of {folder} (nox -s {session})")


@pytest.fixture(autouse=True)
def _same_start() -> None:
    """Give each test the same global random state, whatever ran before it in this worker."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - the global state is what a careless test would use
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)
