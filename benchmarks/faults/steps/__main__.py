"""Whether the faults harm, and the others are well: python -m benchmarks.faults.steps prints scores held back."""

import argparse
import time
import warnings

import numpy as np

from benchmarks.faults.planted import Run
from benchmarks.faults.steps import RUNS
from benchmarks.faults.steps.twins import TWINS


def score(run: Run, X: np.ndarray, y: np.ndarray) -> float:
    """Return the share that is right, or R2, of rows that were not learned from; 0 at the least."""
    return max(0.0, _scores(run, X, y)[0])


def skill(run: Run, X: np.ndarray, y: np.ndarray) -> float:
    """Return 1 less the log loss in shares of the best guess's, or R2: below 0 it is worse than a guess."""
    return _scores(run, X, y)[1]


def _scores(run: Run, X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    p = np.asarray(run.network.predict(X), float)
    y = np.asarray(y)
    if not np.isfinite(p).all():
        return 0.0, -9.0
    if y.dtype.kind != "i":
        r2 = 1 - float(((p.reshape(y.shape) - y) ** 2).sum() / ((y - y.mean(0)) ** 2).sum())
        return r2, r2
    if p.size == y.size:
        p, right = p.reshape(y.shape), (p.reshape(y.shape) > 0.5) == y
        share = y.mean(0)
        said, guess = np.where(y == 1, p, 1 - p), np.where(y == 1, share, 1 - share)
    else:
        right, said = p.argmax(-1) == y, np.take_along_axis(p, y[:, None], -1)
        guess = (np.bincount(y, minlength=p.shape[-1]) / len(y))[y]
    return float(right.mean()), 1 - float(np.log(np.clip(said, 1e-7, 1)).mean() / np.log(guess).mean())


def main() -> None:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", default="", help="only runs whose name holds this")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    for run in RUNS:
        if asked.runs not in run.name:
            continue
        pair = TWINS[run.name]
        scores: dict[str, list[tuple[float, float]]] = {"run": [], "twin": []}
        seconds = []
        for seed in range(asked.seeds):
            for which, script in (("run", pair.run), ("twin", pair.twin)):
                if script is None:
                    continue
                begun = time.perf_counter()
                made = script.run(seed)
                seconds.append(time.perf_counter() - begun)
                held = script.rows(seed)[2]
                scores[which].append((score(made, *held), skill(made, *held)))
        told = {which: " ".join(f"{a:.2f} ({b:5.2f})" for a, b in values) for which, values in scores.items()}
        harms = all(_worse(b, t) for b, t in zip(scores["run"], scores["twin"], strict=False))
        print(
            f"{'   ' if harms else 'NO '}{'|'.join(run.causes) or 'healthy':28} {run.name:48} "
            f"{told['run']}   twin {told['twin'] or '-':16} {max(seconds):.1f} s",
            flush=True,
        )


def _worse(run: tuple[float, float], twin: tuple[float, float]) -> bool:
    """Say whether a fault harms: in what is right, or at least in the log loss."""
    right = 1 - run[0] >= 1.3 * (1 - twin[0]) and twin[0] - run[0] >= 0.03
    return right or twin[1] - run[1] >= 0.15


if __name__ == "__main__":
    main()
