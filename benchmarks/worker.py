"""A process that does the work of one setting of one peer, one turn at a time: what every comparison here is made of.

Each peer is alone in its process, so that no pool of threads stands in another's way, one may be held on one core and
another may live in a virtual environment of its own. Between its turns a process sleeps.
"""

import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.peers import CannotExpress, Setting
from benchmarks.work import Job

ROOT = Path(__file__).parents[1]
SHORTEST = 0.05  # seconds: a turn repeats shorter work until they are over
CALM = 0.01  # seconds before a turn, in which the threads of the last one go to sleep


@dataclass(frozen=True)
class Turn:
    """One turn.

    Attributes:
        seconds: How long the work took, the median of a turn that repeats it.
        cpu: The seconds of the processor, of all threads.
        cost: What all peers should agree on.
    """

    seconds: float
    cpu: float
    cost: float

    @property
    def cores(self) -> float:
        """How many cores were busy."""
        return self.cpu / self.seconds


class Worker:
    """A process of a setting.

    Args:
        setting: What it runs.
        environment: What it finds set, besides what this process and the setting do.
        source: The folder of the chainrule that it imports; None for the one that this process would.
    """

    def __init__(
        self, setting: Setting, environment: Mapping[str, str] | None = None, source: Path | None = None
    ) -> None:
        self.setting = setting
        paths = [str(p) for p in (source, ROOT) if p]
        if not setting.python:
            paths += [p for p in sys.path if p]
        told = json.dumps([setting.module, dict(setting.options), setting.one_core])
        self._process = subprocess.Popen(
            [setting.python or sys.executable, "-m", "benchmarks.worker", told],
            env=os.environ
            | setting.environment
            | (environment or {})
            | {"PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def turn(self, job: Path, repeat: bool = True) -> Turn:
        """Do the work of a job that was written down, the first time to get warm.

        Args:
            job: The file, of :func:`written`.
            repeat: Whether short work is done several times.

        Raises:
            CannotExpress: If the peer cannot do that.
            ModuleNotFoundError: If it is not installed.
            RuntimeError: If the process ended.
        """
        time.sleep(CALM)
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a worker has no pipes")
        try:
            print(json.dumps([str(job), repeat]), file=self._process.stdin, flush=True)
            answer = json.loads(self._process.stdout.readline() or "null")
        except BrokenPipeError:
            answer = None
        match answer:
            case {"missing": name}:
                raise ModuleNotFoundError(f"{name} is not installed", name=name)
            case {"remark": remark}:
                raise CannotExpress(remark)
            case {"turn": numbers}:
                return Turn(*numbers)
        raise RuntimeError(f"the process of {self.setting.name} ended")

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@contextmanager
def hired(
    settings: Sequence[Setting],
    environments: Sequence[Mapping[str, str]] = (),
    sources: Sequence[Path | None] = (),
) -> Iterator[list[Worker]]:
    """Start a worker for each setting, and end them all at the end."""
    around = zip(
        settings, environments or [{}] * len(settings), sources or [None] * len(settings), strict=True
    )
    workers = [Worker(*each) for each in around]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.close()


@contextmanager
def written(*jobs: Job) -> Iterator[list[Path]]:
    """Write jobs where workers find them."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}-{job.work.name}" for number, job in enumerate(jobs)]
        for path, job in zip(paths, jobs, strict=True):
            path.write_bytes(pickle.dumps(job))
        yield paths


def in_turns(turns: Sequence[Callable[[], Turn]], rounds: int) -> list[list[Turn]]:
    """Let all take turns, every second round the other way about, so that a machine that drifts is fair to all."""
    found: list[list[Turn]] = [[] for _ in turns]
    for number in range(rounds):
        order = list(zip(turns, found, strict=True))
        for turn, kept in order if number % 2 == 0 else reversed(order):
            kept.append(turn())
    return found


def typical(turns: Sequence[Turn]) -> float:
    """Return the median of the seconds of turns."""
    return median(turn.seconds for turn in turns)


def spread(turns: Sequence[Turn]) -> float:
    """Return by how much the longest turn was longer than the shortest, over the median."""
    seconds = [turn.seconds for turn in turns]
    return (max(seconds) - min(seconds)) / median(seconds)


def serve(
    module: str, options: Mapping[str, Any], ask: Iterator[str], answer: Callable[[dict[str, Any]], None]
) -> None:
    """Do turns as long as they are asked for; what was prepared for the last job is kept for the next."""
    task, last, path = None, 0.0, None
    for line in ask:
        asked, repeat = json.loads(line)
        try:
            if asked != path:
                job, task, path = pickle.loads(Path(asked).read_bytes()), None, asked
                peer = peers.load(module)
                task = (peer.predictor if job.work.rows else peer.trainer)(job, **options)
                turn = timed(task, 1)
            elif task is None:
                raise CannotExpress("it could not before")
            else:
                turn = timed(task, max(1, round(SHORTEST / last)) if repeat else 1)
            last = turn.seconds
            answer({"turn": [turn.seconds, turn.cpu, turn.cost]})
        except CannotExpress as reason:
            task = None
            answer({"remark": str(reason)})
        except ModuleNotFoundError as error:
            answer({"missing": error.name})


def timed(task: Callable[[], Any], count: int) -> Turn:
    """Run a task so many times."""
    spent = []
    busy = time.process_time()
    for _ in range(count):
        began = time.perf_counter()
        result = task()
        spent.append(time.perf_counter() - began)
    busy = time.process_time() - busy
    cpu = busy / sum(spent) * median(spent)
    return Turn(median(spent), cpu, outcome(result))


def outcome(result: Any) -> float:
    """Return what peers are compared by: the final cost, or the mean of the largest probabilities."""
    return float(np.mean(np.max(result, axis=1))) if np.ndim(result) else float(result)


def main() -> None:
    """Serve the process that started this one."""
    module, options, one_core = json.loads(sys.argv[1])
    if one_core:
        hold_on_one_core()
    # What a library prints is none of the answers.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(module, options, sys.stdin, lambda found: print(json.dumps(found), file=out, flush=True))


def hold_on_one_core() -> None:
    """Keep this process, and what it starts, on the last core it may use; before any library counts them."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


if __name__ == "__main__":
    main()
