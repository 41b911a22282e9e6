"""The estimators beside scikit-learn's of the same names: python -m benchmarks.estimators --help.

Both do the same work: the same ``random_state`` draws the same initial weights and the same order of rows. What they
end with is compared as well: the largest relative difference of their ``loss_curve_``, over the first 30 iterations.
Both take turns in one process, with a rest before each, and the best turn counts; ``first`` is the first fit of a
process of its own, without compiled code on disk ("cold") and with it ("warm"). On a machine that others use too,
``--cpu`` counts the processor's seconds, which say the same where all are held to one core:
``OPENBLAS_NUM_THREADS=1 CHAINRULE_THREADS=1``.
"""

import argparse
import atexit
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.estimator_works import DTYPES, FITS, OTHERS, OURS, SOLVERS, THEIRS, WHOSE, Fit, Other
from benchmarks.report import milliseconds
from benchmarks.run import known_names, say, with_table

COUNTS = (1, 100, 10_000, 60_000)
IMPORTS = {
    OURS: "from chainrule import MLPClassifier",
    THEIRS: "from sklearn.neural_network import MLPClassifier",
}
PARTS = ("fit", "first", "predict", "other", "import")
MARK = "<!-- estimators: {} -->"
Take = Callable[[Sequence[Callable[[], Any]]], list[tuple[float, Any]]]
REST = 0.1  # seconds between turns: threads of a BLAS go on waiting for work, and would take a core of who comes next
BURST = 0.02  # seconds of a turn at least: the first calls after a rest wake caches and threads
COMPARED = 30  # iterations, after which two courses that differ by rounding may part


def turns(
    works: Sequence[Callable[[], Any]], seconds: float, clock: Callable[[], float]
) -> list[tuple[float, Any]]:
    """Let works take turns for so many seconds, and twice at least: of each the best time, and what it gave."""
    best = [(float("inf"), None)] * len(works)
    end, rounds = time.perf_counter() + seconds, 0
    while rounds < 2 or time.perf_counter() < end:
        for i, work in enumerate(works):
            time.sleep(REST)
            awake = time.perf_counter() + BURST
            while True:
                began = clock()
                gave = work()
                best[i] = min(best[i], (clock() - began, gave), key=lambda b: b[0])
                if time.perf_counter() >= awake:
                    break
        rounds += 1
    return best


def fitted(fit: Fit, whose: str, solver: str, X: np.ndarray, y: np.ndarray) -> Any:
    """Return a network that has learned."""
    return fit.made(whose, solver).fit(X, y)


def course(network: Any, X: np.ndarray, y: np.ndarray) -> Any:
    """Return how its loss went; by L-BFGS, of which scikit-learn keeps no curve, where it is after 30 iterations."""
    if network.solver != "lbfgs":
        return network.loss_curve_
    shorter = {**network.get_params(), "max_iter": min(COMPARED, network.max_iter)}
    return [type(network)(**shorter).fit(X, y).loss_]


def apart(a: Any, b: Any) -> float:
    """Return the largest relative difference of two rows of numbers, as far as both go and are compared."""
    a, b = (np.asarray(v, np.float64)[:COMPARED] for v in (a, b))
    n = min(len(a), len(b))
    return float(np.max(np.abs(a[:n] - b[:n]) / np.maximum(np.abs(b[:n]), 1e-300), initial=0.0))


def tiny(value: float) -> str:
    """Return a small number."""
    return "0" if value == 0 else f"{value:.0e}"


def ratio(theirs: float, ours: float) -> str:
    """Return how many times as long theirs takes."""
    return f"**{theirs / ours:.1f}**"


def lines_of_fits(
    fits: Sequence[Fit], solvers: Sequence[str], take: Take, folder: str | None
) -> Iterator[str]:
    """Yield the lines of the table of fits."""
    yield from (
        "| fit | solver | X | scikit-learn, ms | chainrule, ms | ratio | goal | iterations | loss curves apart by |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|",
    )
    for fit in fits:
        for solver in solvers:
            for dtype in DTYPES:
                say(f"{fit.name} {solver} {dtype}")
                X, y = fit.inputs(dtype, folder)
                (theirs, a), (ours, b) = take([partial(fitted, fit, w, solver, X, y) for w in (THEIRS, OURS)])
                goal = f"{fit.goal:g}" if fit.goal and solver == "adam" else ""
                counted = f"{b.n_iter_}" if a.n_iter_ == b.n_iter_ else f"{b.n_iter_}, theirs {a.n_iter_}"
                times = f"{milliseconds(theirs)} | {milliseconds(ours)} | {ratio(theirs, ours)}"
                yield (
                    f"| {fit.title} | {solver} | {dtype} | {times} | {goal} | {counted} "
                    f"| {tiny(apart(course(b, X, y), course(a, X, y)))} |"
                )


def lines_of_first_fits(fits: Sequence[Fit], folder: str | None, cpu: bool, rounds: int = 3) -> Iterator[str]:
    """Yield the lines of the table of first fits: each in a process of its own."""
    yield from (
        "| first fit of a process, adam, X float64 | scikit-learn, ms | chainrule, cold, ms | warm, ms | ratio, cold "
        "| warm |",
        "|---|--:|--:|--:|--:|--:|",
    )
    for fit in fits:
        say(f"{fit.name} first")
        found = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as kept:
                found.append([first_of(fit, whose, kept, folder, cpu) for whose in (THEIRS, OURS, OURS)])
        theirs, cold, warm = np.min(found, axis=0)
        times = f"{milliseconds(theirs)} | {milliseconds(cold)} | {milliseconds(warm)}"
        yield (f"| {fit.title} | {times} | {ratio(theirs, cold)} | {ratio(theirs, warm)} |")


def first_of(fit: Fit, whose: str, cache: str, folder: str | None, cpu: bool) -> float:
    """Return the seconds of the first fit of a fresh process, imports and reading left out."""
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "benchmarks.estimators",
        "--one",
        whose,
        "--rows",
        fit.name,
    ]
    command += ["--data", folder] if folder else []
    command += ["--cpu"] if cpu else []
    done = subprocess.run(
        command,
        env={
            **as_installed(),
            "CHAINRULE_CACHE": cache,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{fit.name} failed in a fresh process:\n{done.stderr}")
    return float(done.stdout)


def as_installed() -> dict[str, str]:
    """Return an environment in which modules keep their bytecode, as those of an installed package have theirs."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": bytecode()}


@cache
def bytecode() -> str:
    """Return a folder that is there until this process ends: the first of several rounds fills it."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return folder.name


def one(fit: Fit, whose: str, folder: str | None, clock: Callable[[], float]) -> float:
    """Fit once, and return the seconds."""
    X, y = fit.inputs("float64", folder)
    network = fit.made(whose)
    began = clock()
    network.fit(X, y)
    return clock() - began


def lines_of_predictions(fits: Sequence[Fit], take: Take, folder: str | None) -> Iterator[str]:
    """Yield the lines of the table of predictions, each by the same weights."""
    yield from (
        "| `predict` | X | rows | scikit-learn, ms | chainrule, ms | ratio | goal | differ |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    )
    for fit in fits:
        for dtype in DTYPES:
            say(f"{fit.name} predict {dtype}")
            X, y = fit.inputs(dtype, folder)
            few = slice(0, 2000)
            theirs, ours = (fit.made(w).set_params(max_iter=3).fit(X[few], y[few]) for w in (THEIRS, OURS))
            ours.coefs_, ours.intercepts_ = theirs.coefs_, theirs.intercepts_
            for count in COUNTS:
                rows = np.resize(X, (count, X.shape[1]))
                (a, first), (b, second) = take([partial(network.predict, rows) for network in (theirs, ours)])
                if fit.kind == "MLPRegressor":
                    differ = tiny(float(np.max(np.abs(first - second) / np.abs(first))))
                else:
                    differ = str(int(np.sum(first != second)))
                times = f"{milliseconds(a)} | {milliseconds(b)} | {ratio(a, b)}"
                yield (f"| {fit.title.split(',')[0]} | {dtype} | {count:,} | {times} | 1 | {differ} |")


def lines_of_others(others: Sequence[Other], take: Take, folder: str | None) -> Iterator[str]:
    """Yield the lines of the table of all else that estimators do."""
    yield from (
        "| work, X float64 | scikit-learn, ms | chainrule, ms | ratio | numbers apart by |",
        "|---|--:|--:|--:|--:|",
    )
    for other in others:
        say(other.title)
        (theirs, a), (ours, b) = take([other.make(w, folder) for w in (THEIRS, OURS)])
        times = f"{milliseconds(theirs)} | {milliseconds(ours)} | {ratio(theirs, ours)}"
        yield (f"| {other.title} | {times} | {tiny(apart(b, a))} |")


def lines_of_imports(cpu: bool, rounds: int = 5) -> Iterator[str]:
    """Yield the lines of the table of imports: from the start of a process to its end."""
    yield from ("| a process that does nothing but | ms | modules |", "|---|--:|--:|")
    found: dict[str, list[tuple[float, int]]] = {"pass": [], **{line: [] for line in IMPORTS.values()}}
    for _ in range(rounds):
        for line, took in found.items():
            began = of_children() if cpu else time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", f"{line}\nimport sys; print(len(sys.modules))"],
                env=as_installed(),
                capture_output=True,
                text=True,
                check=True,
            )
            ended = of_children() if cpu else time.perf_counter()
            took.append((ended - began, int(done.stdout)))
    for line, took in found.items():
        seconds, modules = min(took)
        yield (f"| `{line}` | {milliseconds(seconds)} | {modules:,} |")


def of_children() -> float:
    """Return the processor's seconds of all processes that were waited for."""
    spent = os.times()
    return spent.children_user + spent.children_system


def main() -> None:
    """Measure what the command line asks for."""
    asked = arguments()
    fits = [FITS[name] for name in asked.rows if name in FITS]
    others = [OTHERS[name] for name in asked.rows if name in OTHERS]
    warnings.simplefilter("ignore")  # that a fit might go on is no news here
    clock = time.process_time if asked.cpu else time.perf_counter
    if asked.one:
        print(one(fits[0], asked.one, asked.data, clock))
        return
    read = asked.page.read_text(encoding="utf-8") if asked.page else ""
    take = partial(turns, seconds=asked.seconds, clock=clock)
    few = partial(turns, seconds=asked.seconds / 4, clock=clock)
    made = {
        "fit": lambda: lines_of_fits(fits, asked.solvers, take, asked.data),
        "first": lambda: lines_of_first_fits(fits, asked.data, asked.cpu),
        "predict": lambda: lines_of_predictions(fits, few, asked.data),
        "other": lambda: lines_of_others(others, take, asked.data),
        "import": lambda: lines_of_imports(asked.cpu),
    }
    said = []
    with tempfile.TemporaryDirectory() as kept:
        os.environ.setdefault("CHAINRULE_CACHE", kept)
        for part in asked.parts:
            lines = []
            for line in made[part]():
                print(line, flush=True)
                lines.append(line)
            print(flush=True)
            said.append("\n".join(lines))
            if asked.page:  # after each, so that a run that is cut short leaves what it has measured
                read = with_table(read, said[-1], MARK.format(part))
                asked.page.write_text(read, encoding="utf-8")
    print(machine.description())
    if asked.markdown:
        asked.markdown.write_text("\n\n".join([*said, machine.description()]) + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    rows = [*FITS, *OTHERS]

    def some(known: Sequence[str], what: str) -> Callable[[str], list[str]]:
        return lambda names: known_names(names, list(known), what) or list(known)

    parser.add_argument("--rows", type=some(rows, "row"), default=rows, help=f"some of {', '.join(rows)}")
    parser.add_argument(
        "--parts", type=some(PARTS, "part"), default=PARTS, help=f"some of {', '.join(PARTS)}"
    )
    parser.add_argument(
        "--solvers", type=some(SOLVERS, "solver"), default=SOLVERS, help=f"some of {', '.join(SOLVERS)}"
    )
    parser.add_argument(
        "--seconds", type=float, default=4.0, help="how long both take turns at a row, twice at least"
    )
    parser.add_argument(
        "--data",
        default=os.environ.get("CHAINRULE_DATA"),
        help="the folder of Fashion-MNIST; else it is made",
    )
    parser.add_argument("--cpu", action="store_true", help="count the processor's seconds, on a busy machine")
    parser.add_argument("--markdown", type=Path, help="a file for the tables as well")
    parser.add_argument("--page", type=Path, help="a page whose tables are to be renewed")
    parser.add_argument("--one", choices=WHOSE, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
