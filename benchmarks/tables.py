"""How good the default for tables is, beside others on the same rows: python -m benchmarks.tables --data FOLDER.

Nobody makes a choice: each table is trained on with what the library takes by itself. Linear models, scikit-learn's
network, histogram gradient boosting and, where they are installed, RealMLP and TabM (pytabkit) learn from the same
rows and are judged by the same others. What a model said is kept in ``--kept``, so that the next run asks the others
no more; ours is asked anew unless ``--no-fresh`` is given. One process trains at a time, and its seconds are of
training alone. ``--models chainrule no_bins no_guard`` says what a part of the recipe brings.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import machine
from benchmarks.table_parts import LESS
from benchmarks.table_peers import INSTALLED, MODELS
from benchmarks.table_scores import Predictions, better, score, truth_of
from benchmarks.table_sets import SETS, TableSet

OURS = "chainrule"
HONEST = ("loss", "ece", "covered", "hamming")  # scores that tell how much can be relied on what is said


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        found: The table.
        seed: Of split and training.
        model: Who learns.
    """

    found: TableSet
    seed: int
    model: str

    def file(self, kept: Path) -> Path:
        """Return where its predictions are kept."""
        return kept / f"{self.found.name}-{self.seed}-{self.model}.npz"

    def done(self, folder: Path, kept: Path) -> Predictions:
        """Train here, and keep what was predicted."""
        train, test = self.found.split(folder, self.seed)
        told = (MODELS | LESS)[self.model](self.found, train, test, self.seed)
        kept.mkdir(parents=True, exist_ok=True)
        parts = {name: part for name, part in vars(told).items() if part is not None}
        np.savez_compressed(self.file(kept), **parts)
        return told

    def read(self, kept: Path) -> Predictions | None:
        """Return what was kept; None if nothing was."""
        if not self.file(kept).exists():
            return None
        with np.load(self.file(kept)) as parts:
            given = {name: parts[name] for name in parts.files}
        return Predictions(**given | {"seconds": float(given["seconds"]), "notes": str(given["notes"])})


def train(run: Run, folder: Path, kept: Path) -> str:
    """Train in a process of its own; return what went wrong, which is nothing as a rule."""
    words = [run.found.name, str(run.seed), run.model]
    places = ["--data", str(folder), "--kept", str(kept)]
    line = [sys.executable, "-m", "benchmarks.tables", *places, "--one", *words]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    return "" if ended.returncode == 0 else (ended.stderr.strip().splitlines() or ["died"])[-1]


@dataclass(frozen=True, eq=False)
class Row:
    """What came out of one score of one table.

    Attributes:
        found: The table.
        score: Its name.
        means: Over seeds, by model.
        beside: Of each other model, by how much ours is better and the standard error of that.
        seconds: Of training, by model.
        splits: Of ours.
    """

    found: TableSet
    score: str
    means: dict[str, float]
    beside: dict[str, tuple[float, float]]
    seconds: dict[str, float]
    splits: int

    def line(self, models: Sequence[str]) -> str:
        """Return it as a line of a table."""
        goal = self.found.goals.get(self.score)
        cells = [self.found.words, self.score, "" if goal is None else f"{goal:g}"]
        for model in models:
            shown = f"{self.means[model]:.4f}" if model in self.means else "–"
            if model == OURS and goal is not None and OURS in self.means:
                shown += " met" if self.means[OURS] >= goal else " MISSED"
            cells.append(shown)
        cells += [verdict(*self.beside[m]) if m in self.beside else "–" for m in ("linear", "boosting")]
        limit = self.found.seconds
        cells.append(f"{self.seconds.get(OURS, 0):.1f}" + (f" of {limit:g}" if limit else ""))
        return "| " + " | ".join([*cells, str(self.splits)]) + " |"


def main_scores(found: TableSet, scores: Sequence[str]) -> list[str]:
    """Return the scores of a table that are shown: those with a goal, or the first two that are no cost."""
    honest = [name for name in scores if not name.startswith(HONEST)]
    return [name for name in honest if name in found.goals] or honest[
        : 2 if found.task != "multilabel" else 1
    ]


def results(
    found: TableSet, seeds: Sequence[int], models: Sequence[str], folder: Path, kept: Path
) -> tuple[list[Row], dict[str, float]]:
    """Return a row for each score of a table, and what tells how honest ours is: costs, calibration and coverage."""
    told = {m: {s: said for s in seeds if (said := Run(found, s, m).read(kept))} for m in models}
    told = {model: by_seed for model, by_seed in told.items() if by_seed}
    truths = {seed: truth_of(found, *found.split(folder, seed)) for seed in seeds}
    scores = {
        m: {s: score(found, truths[s], said) for s, said in by_seed.items()} for m, by_seed in told.items()
    }
    means = {m: {name: float(np.mean([one[name] for one in of.values()])) for name in next(iter(of.values()))}
             for m, of in scores.items()}  # fmt: skip
    seconds = {m: float(np.mean([said.seconds for said in by_seed.values()])) for m, by_seed in told.items()}
    ours, rows = told.get(OURS, {}), []
    for name in main_scores(found, list(next(iter(means.values()), {}))):
        beside = {}
        for model in set(told) - {OURS}:
            if both := [seed for seed in told[model] if seed in ours]:
                splits = [(truths[seed], ours[seed], told[model][seed]) for seed in both]
                beside[model] = better(found, name, splits)
        row = {model: of[name] for model, of in means.items()}
        rows.append(Row(found, name, row, beside, seconds, len(ours)))
    return rows, {name: mean for name, mean in means.get(OURS, {}).items() if name.startswith(HONEST)}


def verdict(by: float, error: float) -> str:
    """Return in words whether ours is better: by more than a standard error, or level."""
    word = "level" if abs(by) <= error else "better" if by > 0 else "WORSE"
    return f"{word} {by:+.4f} ± {error:.4f}"


def summary(rows: Sequence[Row]) -> str:
    """Return in a few lines where ours is worse than others, by more than a standard error."""
    lines = []
    for model in dict.fromkeys(model for row in rows for model in row.beside):
        beside = {row: row.beside[model] for row in rows if model in row.beside}
        worse = [f"{row.found.name} ({row.score})" for row, (by, error) in beside.items() if by < -error]
        ahead = sum(by > error for by, error in beside.values())
        lines.append(
            f"- {model}: better in {ahead} of {len(beside)}, level in {len(beside) - ahead - len(worse)}, "
            f"worse in {len(worse)}" + (f": {', '.join(worse)}." if worse else ".")
        )
    return "\n".join(sorted(lines))


def main() -> None:
    """Train what the command line asks for, and print what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--kept", type=Path, default=Path("tables-kept"), help="where predictions are kept")
    parser.add_argument(
        "--sets", nargs="+", choices=SETS, default=list(SETS), metavar="SET", help=", ".join(SETS)
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--models", nargs="+", choices=[*INSTALLED, *LESS], default=INSTALLED)
    parser.add_argument("--no-fresh", action="store_true", help="ask nobody anew, ours neither")
    parser.add_argument("--one", nargs=3, metavar=("SET", "SEED", "MODEL"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        name, seed, model = given.one
        Run(SETS[name], int(seed), model).done(given.data, given.kept)
        return
    print(machine.description())
    head = ["table", "score", "goal", *given.models, "beside linear", "beside boosting", "seconds", "splits"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    rows, honest = [], {}
    for name in given.sets:
        for seed in given.seeds:
            for model in given.models:
                run = Run(SETS[name], seed, model)
                asked = not given.no_fresh and (model == OURS or run.read(given.kept) is None)
                if asked and (wrong := train(run, given.data, given.kept)):
                    print(f"{name}, seed {seed}, {model}: {wrong}", file=sys.stderr, flush=True)
        found, honest[name] = results(SETS[name], given.seeds, given.models, given.data, given.kept)
        print(*(row.line(given.models) for row in found), sep="\n", flush=True)
        rows += found
    print("\nOurs beside others, in all rows above:\n", summary(rows), sep="\n")
    print("\nHow honest ours is:\n")
    for name, told in honest.items():
        if told:
            print(f"- {name}: " + ", ".join(f"{what} {value:.4f}" for what, value in told.items()))


if __name__ == "__main__":
    main()
