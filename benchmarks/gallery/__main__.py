"""Programs for scikit-learn's networks, run as they are and with the import swapped: python -m benchmarks.gallery.

They stand beside this file, each after one of scikit-learn's own examples, and any others may be named:
``python -m benchmarks.gallery examples/neural_networks/plot_mlp_alpha.py``. Of both runs the table has the seconds that
fits took, those of the whole program, pictures included, whether they printed the same, and how far the losses of all
that was fitted are apart.
"""

import argparse
import io
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

import chainrule
from benchmarks import machine
from benchmarks.run import say, with_table

FROM, TO = "from sklearn.neural_network import ", "from chainrule import "
SCRIPTS = sorted(p for p in Path(__file__).parent.glob("*.py") if not p.name.startswith("__"))
MARK = "<!-- the gallery -->"
WHOSE = ("scikit-learn", "chainrule")
FEW = 50  # rows and five iterations, where it is only to be seen that all runs


@dataclass(frozen=True)
class Ran:
    """A program that has run.

    Attributes:
        seconds: What it took.
        fitting: What the fits of its networks took.
        printed: What it printed.
        fitted: Of each fit, in order: class, iterations, and the loss at the end.
    """

    seconds: float
    fitting: float
    printed: str
    fitted: list[tuple[str, int, float]]

    def apart(self, other: "Ran") -> float:
        """Return the largest relative difference of losses; infinite where the fits are others.

        Iterations may differ by a few where rounding decides which is the last.
        """
        if [name for name, _, _ in self.fitted] != [name for name, _, _ in other.fitted]:
            return float("inf")
        pairs = zip(self.fitted, other.fitted, strict=True)
        return max((abs(a - b) / max(abs(b), 1e-12) for (_, _, a), (_, _, b) in pairs), default=0.0)


def swapped(source: str) -> str:
    """Return a program with chainrule's networks in place of scikit-learn's.

    Raises:
        ValueError: If it imports none of scikit-learn's.
    """
    if FROM not in source:
        raise ValueError(f"no line begins with {FROM.strip()!r}")
    return source.replace(FROM, TO)


def run(source: str, few: bool = False, clock: Callable[[], float] = time.perf_counter) -> Ran:
    """Run a program without a screen, and look on.

    Args:
        source: The program.
        few: Whether all fits are of a few rows and iterations, to see that everything runs.
        clock: What tells the seconds.
    """
    import matplotlib.pyplot as plt
    from sklearn import neural_network

    plt.switch_backend("agg")
    spent: list[float] = []
    fitted: list[tuple[str, int, float]] = []

    def watched(fit: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(fit)
        def watching(self: Any, X: Any, y: Any, *more: Any, **named: Any) -> Any:
            if few:
                from sklearn.utils import resample

                self.max_iter = min(5, self.max_iter)
                X, y = resample(X, y, replace=False, n_samples=min(FEW, len(y)), random_state=0)
            began = clock()
            found = fit(self, X, y, *more, **named)
            spent.append(clock() - began)
            fitted.append((type(self).__name__, self.n_iter_, float(self.loss_)))
            return found

        return watching

    printed = io.StringIO()
    with ExitStack() as stack:
        for kind in ("MLPClassifier", "MLPRegressor"):
            for module in (chainrule, neural_network):
                whole = getattr(module, kind)
                stack.enter_context(patch.object(whole, "fit", watched(whole.fit)))
        stack.enter_context(redirect_stdout(printed))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # that a fit might go on is no news here
        began = clock()
        exec(compile(source, "program.py", "exec"), {"__name__": "__main__"})
        seconds = clock() - began
    plt.close("all")
    return Ran(seconds, sum(spent), printed.getvalue(), fitted)


def line_of(path: Path, rounds: int, clock: Callable[[], float]) -> str:
    """Return the line of the table for one program, each run in turns, of which the best counts."""
    source = path.read_text(encoding="utf-8")
    turns = [(run(source, clock=clock), run(swapped(source), clock=clock)) for _ in range(rounds)]
    theirs, ours = ([pair[i] for pair in turns] for i in (0, 1))
    cells = []
    for what in ("fitting", "seconds"):
        a, b = (min(getattr(ran, what) for ran in rans) for rans in (theirs, ours))
        cells += [f"{a:.2f}", f"{b:.3f}" if b < 0.1 else f"{b:.2f}", f"**{a / b:.1f}**"]
    printed = "the same" if ours[-1].printed == theirs[-1].printed else differing(ours[-1], theirs[-1])
    apart = ours[-1].apart(theirs[-1])
    cells += [printed, "0" if apart == 0 else f"{apart:.0e}"]
    return f"| `{path.name}` | {len(ours[-1].fitted)} | {' | '.join(cells)} |"


def differing(ours: Ran, theirs: Ran) -> str:
    """Return how many lines that were printed are not the same."""
    lines = [ran.printed.splitlines() for ran in (ours, theirs)]
    others = sum(a != b for a, b in zip(*lines, strict=False)) + abs(len(lines[0]) - len(lines[1]))
    return f"{others} of {len(lines[1])} lines differ"


def table(paths: Sequence[Path], rounds: int, clock: Callable[[], float]) -> str:
    """Return the table of programs, in Markdown."""
    heads = [f"{what}, s: {whose}" for what in ("fits", "whole program") for whose in WHOSE]
    heads.insert(2, "ratio")
    lines = [
        f"| program | fits | {' | '.join(heads)} | ratio | printed | losses apart by |",
        "|---|--:|" + "--:|" * 6 + "---|--:|",
    ]
    for path in paths:
        say(path.name)
        lines.append(line_of(path, rounds, clock))
    return "\n".join(lines)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gallery", description=__doc__)
    parser.add_argument(
        "paths", type=Path, nargs="*", default=SCRIPTS, help="programs; without any, all here"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how many turns both take")
    parser.add_argument("--cpu", action="store_true", help="count the processor's seconds, on a busy machine")
    parser.add_argument("--page", type=Path, help="a page whose table is to be renewed")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        os.environ.setdefault("CHAINRULE_CACHE", cache)
        made = table(asked.paths, asked.rounds, time.process_time if asked.cpu else time.perf_counter)
    print(f"{made}\n\n{machine.description()}")
    if asked.page:
        page = with_table(asked.page.read_text(encoding="utf-8"), made, MARK)
        asked.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
