"""What holds for all tests: an own cache of object code, no deadlines, long tests on demand, why one was skipped.

What each stage makes of a graph is verified before the next one takes it.
"""

import gc
import os
import shutil
import tempfile
from collections import Counter
from importlib.util import find_spec

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import engine

from chainrule.engines import compiled
from chainrule.errors import ChainruleError
from chainrule.recent import Recent
from chainrule.train import common, programs
from chainrule.transform import verify

# Time depends on what else the machine does. What a plain run draws hangs on the test alone: whether a change passes
# is a matter of the change. `--explore` draws other examples each time, and is how new faults are sought.
settings.register_profile("sample", deadline=None, max_examples=50, print_blob=True, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=50, print_blob=True)
settings.register_profile("long", deadline=None, print_blob=True)
# Of what fails a smaller example is sought for five minutes else, and CI has a quarter of an hour for all there is.
engine.MAX_SHRINKING_SECONDS = 20
verify.ALWAYS = True

LONG = "long, pytest --long runs it"
NO_LLVM = "needs llvmlite"
NATIVE = find_spec("llvmlite") is not None


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the long tests too; samples of them always run")
    parser.addoption(
        "--explore", action="store_true", help="let properties draw other examples than in each run"
    )


def pytest_configure(config):
    chosen = [name for name in ("long", "explore") if config.getoption(f"--{name}")]
    settings.load_profile(chosen[0] if chosen else "sample")
    config.addinivalue_line(
        "markers", "long: takes long; run by pytest --long, with a sample that always runs"
    )
    config.addinivalue_line("markers", "native: about machine code; skipped where llvmlite is not installed")
    if not NATIVE:
        config.addinivalue_line("filterwarnings", "ignore:llvmlite is not installed")
    # The user's cache of object code is left alone; the workers of one run share a folder that goes with it.
    if not hasattr(config, "workerinput"):
        config.cache_of_object_code = tempfile.mkdtemp(prefix="chainrule-tests-")
        os.environ["CHAINRULE_CACHE"] = config.cache_of_object_code
    # Reports are made where they are tested: each takes longer than most trainings here (the fixture `reported`).
    os.environ["CHAINRULE_REPORT"] = "no"


def pytest_unconfigure(config):
    if hasattr(config, "cache_of_object_code"):
        shutil.rmtree(config.cache_of_object_code, ignore_errors=True)


def pytest_collection_modifyitems(config, items):
    left_out = {} if config.getoption("--long") else {"long": LONG}
    left_out |= {} if NATIVE else {"native": NO_LLVM}
    for item in items:
        for marker, why in left_out.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=why))


def pytest_collection_finish(session):
    """Look for garbage more rarely: tests make many nodes, and each look goes through all tests and modules as well."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture
def reported(monkeypatch):
    """Let runs have reports, as those of users have, however busy the machine is."""
    monkeypatch.delenv("CHAINRULE_REPORT")
    monkeypatch.setattr("chainrule.models.views.gathering.LEAST_SECONDS", 1e6)


@pytest.fixture
def forget(monkeypatch):
    """Return what lets the process begin anew: nothing is compiled, also of networks that are like those before."""

    def anew():
        monkeypatch.setattr(compiled, "_compiled", Recent(64))
        monkeypatch.setattr(programs, "_shared", Recent(64))
        monkeypatch.setattr(common, "_common", Recent(32))

    return anew


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    """Where llvmlite has no wheel, what asks for the native engine by name skips itself; all else holds on NumPy."""
    try:
        return (yield)
    except (ChainruleError, ModuleNotFoundError) as error:
        if NATIVE or "llvmlite" not in str(error):
            raise
        pytest.skip(NO_LLVM)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    """Say how many tests were skipped, and why, just before the closing line."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(r.longrepr[2]).removeprefix("Skipped: ") for r in reports if r.longrepr)
    said = "; ".join(f"{count} ({reason})" for reason, count in reasons.most_common())
    terminalreporter.write_line(f"Skipped tests: {said or 'none'}.")
