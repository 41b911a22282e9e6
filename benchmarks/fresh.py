"""From a fresh process to a trained network: start, import, compile, train, exit; and the memory it took."""

import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from pathlib import Path

from benchmarks import peers
from benchmarks.peers import Setting
from benchmarks.work import Job

PROCESS = Path("/proc/self")


@dataclass(frozen=True)
class Fresh:
    """What one process took.

    Attributes:
        first: What the first training took, with nothing compiled and nothing cached on disk.
        seconds: From its start to its end, with nothing cached on disk.
        again: The same of one more process, with what the first left in its caches; None if that was nothing.
        grown: By how many bytes its resident memory had grown at most, from what it was after the imports
            and with the table loaded; NaN where the system does not tell.
    """

    first: float
    seconds: float
    again: float | None
    grown: float


def measure(setting: Setting, job: Job) -> Fresh:
    """Train ``job`` with a setting of a peer in a process of its own.

    Raises:
        RuntimeError: If the process fails, with what it wrote.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "job").write_bytes(pickle.dumps(job))
        seconds, first, grown = _timed(setting, folder)
        left = any(path.is_file() for path in (folder / "cache").rglob("*"))
        again = _timed(setting, folder)[0] if left else None
    return Fresh(first, seconds, again, grown)


def _timed(setting: Setting, folder: Path) -> tuple[float, float, float]:
    cache = str(folder / "cache")
    began = time.perf_counter()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.fresh",
            setting.module,
            json.dumps(dict(setting.options)),
            str(folder / "job"),
        ],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "XDG_CACHE_HOME": cache,
            "CHAINRULE_CACHE": cache,
            "TORCHINDUCTOR_CACHE_DIR": cache,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{setting.name} failed in a fresh process:\n{done.stderr}")
    first, grown = json.loads(done.stdout)
    return seconds, first, grown


def growth() -> Callable[[], float]:
    """Return a function that says by how many bytes resident memory has grown at most since now."""
    if not (PROCESS / "clear_refs").exists():
        return lambda: nan
    (PROCESS / "clear_refs").write_text("5")  # from here on, VmHWM is the highest since now
    before = _kilobytes("VmRSS")
    return lambda: 1024.0 * (_kilobytes("VmHWM") - before)


def _kilobytes(name: str) -> int:
    line = next(x for x in (PROCESS / "status").read_text().splitlines() if x.startswith(name))
    return int(line.split()[1])


def main() -> None:
    """Train what the arguments name, and print how long that took and how memory grew."""
    module, options, path = sys.argv[1:]
    peer = peers.load(module)
    job = pickle.loads(Path(path).read_bytes())
    grown = growth()
    began = time.perf_counter()
    peer.trainer(job, **json.loads(options))()
    print(json.dumps([time.perf_counter() - began, grown()]))


if __name__ == "__main__":
    main()
