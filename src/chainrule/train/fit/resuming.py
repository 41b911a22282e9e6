"""What a fit needs to go on after a crash: written to a file now and then, and read where the file is there.

A point lies between two epochs. What decides how a fit goes on from there is in it, and what makes it this fit and no
other stands beside it: settings in words, a checksum of the examples, and one of a step that is taken from there and
thrown away. A fit that goes on from a point ends with the bits of one that was never stopped.
"""

import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from chainrule import plain
from chainrule.disk import check_place, remove_parts
from chainrule.engines.epochs import Epochs
from chainrule.engines.stopping import Progress
from chainrule.errors import CheckpointWarning, DataError, FileFormatError, MissingFileError, warn
from chainrule.graph.evaluate import Arrays
from chainrule.nn import losses
from chainrule.shown import cut
from chainrule.train import store
from chainrule.train.fit.fitting import Fitting, Good, Point, first_state
from chainrule.train.optimizers import LBFGS, Optimizer

EVERY = 30.0  # seconds of work that a crash may cost, if an epoch is not longer
_DAMAGED = "If it was one, delete it to begin anew; else give resume another name."
COUNTS = ("best_epoch", "waited", "tol_waited", "plateau_waited", "epochs_done")
COSTS = ("best", "best_cost", "tol_best", "plateau_best")


@dataclass(frozen=True)
class Ended:
    """How a fit ended: the attributes of its history."""

    stopped: str
    best_epoch: int | None
    diverged: bool
    signal: int
    last_share: float = 1.0


@dataclass(frozen=True)
class About:
    """What a file says of a fit, beside its arrays.

    Attributes:
        settings: What makes it this fit and no other, in words.
        examples: A checksum of what it learns from.
        next_step: A checksum of what a step from here makes.
        runs: How often the network was fitted before.
        counts: The whole numbers of its progress.
        good: The epochs of its last good values.
        ended: How it ended, where it did.
    """

    settings: dict[str, str]
    examples: str
    next_step: str
    runs: int
    counts: dict[str, int]
    good: tuple[int, ...]
    ended: Ended | None = None


@dataclass(frozen=True)
class Kept:
    """A fit as a file has it: what is said of it, and arrays by name."""

    about: About
    arrays: Mapping[str, np.ndarray]

    def several(self, name: str) -> Arrays:
        """Return the arrays that are kept under one name, in order."""
        count = sum(key.rpartition(".")[0] == name for key in self.arrays)
        return [self.arrays[f"{name}.{i}"] for i in range(count)]


@dataclass
class Checkpoints:
    """A file of fits by name: those that have ended, and one that goes on. It is written whole or not at all.

    Attributes:
        path: The file. One that is there is read, and what it keeps is gone on from.
        every: How many seconds pass until it is written again.
    """

    path: str | os.PathLike[str]
    every: float = field(default_factory=lambda: EVERY)
    fits: dict[str, Kept] = field(default_factory=dict)
    written: float = field(
        default_factory=time.monotonic, init=False
    )  # when, or tried, or when it was opened
    warned: bool = field(default=False, init=False)  # that something cannot be written
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    def __post_init__(self) -> None:
        place, mode = check_place(self.path)
        remove_parts(*os.path.split(place))
        if mode is None:
            return
        config, arrays = store.read(self.path, "checkpoint", _DAMAGED)
        if store.FITS not in config:
            raise FileFormatError(
                f"{self.path} is a model file, which checkpoints would replace. Give resume another name."
            )
        with store.trouble(self.path, "no checkpoint of a fit"):
            for name, saved in plain.read(dict[str, Any], config[store.FITS], store.FITS).items():
                found = {
                    key.removeprefix(f"{name}/"): x for key, x in arrays.items() if key.startswith(f"{name}/")
                }
                self.fits[name] = Kept(plain.read(About, saved, name), found)

    def keep(self, name: str, kept: Kept, write: bool = True) -> None:
        """Keep a fit; threads may share the file."""
        with self._lock:
            self.fits[name] = kept
            if write:
                self.try_to(self.write)

    def try_to(self, write: Callable[[], object], last: bool = False) -> None:
        """Write a file on the way; one that cannot be written is warned of, once, and no reason to end the training.

        Args:
            write: Writes it.
            last: Whether the training is being ended, and nothing is written later.
        """
        with self._lock:
            try:
                write()
            except (DataError, MissingFileError) as error:
                before, self.warned, self.written = self.warned, True, time.monotonic()
                if last:
                    begins = "from an earlier point" if os.path.exists(self.path) else "anew"
                    warn(f"{error} So what goes on with this training begins {begins}.", CheckpointWarning)
                elif not before:
                    warn(
                        f"{error} The training goes on, and tries again later: what it learns until then would be "
                        "lost by a crash.",
                        CheckpointWarning,
                    )

    def write(self) -> None:
        """Write the file."""
        config = {name: asdict(kept.about) for name, kept in self.fits.items()}
        arrays = {f"{name}/{key}": x for name, kept in self.fits.items() for key, x in kept.arrays.items()}
        store.write(self.path, {store.FITS: config}, arrays)
        self.written = time.monotonic()

    def remove(self) -> None:
        """Let it go: all that it kept has ended."""
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass
        except OSError as error:
            warn(
                f"Cannot remove {self.path}: {error.strerror or error}. What it kept has ended: nobody needs it.",
                CheckpointWarning,
            )


class Keeper:
    """Keeps one fit in a file, under a name.

    Args:
        file: The file.
        name: The name.
        alone: Whether it is the only one there, so that nobody needs the file once it has ended.
    """

    def __init__(self, file: Checkpoints, name: str = "fit", alone: bool = True) -> None:
        self._file, self._name, self._alone = file, name, alone
        self.found: Kept | None = file.fits.get(name)  # what was kept of it before it began
        self._settings: dict[str, str] = {}
        self._examples = ""

    @property
    def due(self) -> bool:
        """Whether it is time to keep a point."""
        return time.monotonic() - self._file.written >= self._file.every

    def keep(self, run: Fitting, point: Point, last: bool = False) -> None:
        """Write down where a fit is; one that keeps epochs is done whole, or begun anew.

        ``last`` says that it is being ended, and will go on from there.
        """
        if run.keeping is not None:
            self._file.try_to(self._file.write, last)
            return
        values = len(run.began_with)
        arrays = {
            f"history/{name}": np.array(run.history[name][: point.progress.epochs_done])
            for name in run.history
        }
        arrays["times"] = np.array(run.history.times[: point.progress.epochs_done])
        arrays["costs"] = np.array(
            [*(getattr(point.progress, c) for c in COSTS), *(good.cost for good in point.good)]
        )
        groups = {"began": run.began_with, "state": point.state, "best": point.progress.best_state[:values]}
        groups |= {f"good{i}": good.values for i, good in enumerate(point.good)}
        arrays |= {f"{name}.{i}": x for name, group in groups.items() for i, x in enumerate(group)}
        if point.progress.lowered:
            arrays["lowered"] = np.array(point.progress.lowered, np.float64)
        if run.recorder is not None:
            arrays |= run.recorder.named(point.progress.epochs_done)
        about = About(
            self._settings or settings_of(run),
            self._examples or examples_of(run),
            next_step_of(run, point.state),
            run.runs,
            {name: getattr(point.progress, name) for name in COUNTS},
            tuple(good.epoch for good in point.good),
        )
        self._settings, self._examples = about.settings, about.examples
        self._file.keep(self._name, Kept(about, arrays), write=False)
        self._file.try_to(self._file.write, last)

    def end(self, run: Fitting) -> None:
        """Note how a fit ended; one that a signal ended is kept as it was."""
        if run.history.signal:
            return
        if self._alone:
            self._file.remove()
            return
        history = run.history
        arrays = {f"history/{name}": np.array(history[name]) for name in history} | {
            "times": np.array(history.times)
        }
        arrays |= {f"values.{i}": x for i, x in enumerate(run.programs.values.get())}
        if run.keeping is not None:
            arrays |= run.keeping.named()
        if run.recorder is not None:
            arrays |= run.recorder.named(history.epochs + 1)
        ended = Ended(
            history.stopped, history.best_epoch, history.diverged, history.signal, history.last_share
        )
        settings, examples = self._settings or settings_of(run), self._examples or examples_of(run)
        kept = Kept(About(settings, examples, "", run.runs, {}, (), ended), arrays)
        # a time budget would end it elsewhere another time
        self._file.keep(self._name, kept, write=self.due or run.settings.time_budget is not None)

    # --- going on ---

    def before(self, runs: int) -> tuple[int, float]:
        """Return how often the network was fitted before, by default ``runs``, and how many seconds this fit took."""
        if self.found is None:
            return runs, 0.0
        times = self.found.arrays.get("times", np.zeros(0))
        return self.found.about.runs, float(times[-1]) if times.size else 0.0

    def go_on(self, run: Fitting) -> None:
        """Bring a fit that has not begun to where the file has it, and say so in ``run.begins`` or ``run.ended``."""
        if self.found is None or (run.keeping is not None and self.found.about.ended is None):
            return
        kept, path = self.found, self._file.path
        self._settings, self._examples = settings_of(run), examples_of(run)
        self._check_the_same(run, kept.about)
        with store.trouble(path, "no checkpoint of this fit"):
            lines = {name: kept.arrays[f"history/{name}"].tolist() for name in run.history}
            times = kept.arrays["times"].tolist()
            if any(len(numbers) != len(times) for numbers in lines.values()):
                raise FileFormatError("Its history has not as many costs as epochs.")
            run.history.update(lines)
            run.history.times[:] = times
            if run.recorder is not None:
                run.recorder.go_on(kept.arrays)
            if kept.about.ended is not None:
                run.ended = True
                run.programs.values.set(fitting(kept.several("values"), run.began_with))
                vars(run.history).update(asdict(kept.about.ended))
                if run.keeping is not None:
                    run.keeping.go_on(kept.arrays)
                return
            run.begins = point = _point(run, kept, len(times))
            state, values = point.state, len(run.began_with)
            run.began_with = fitting(kept.several("began"), run.began_with)
            run.progress = replace(point.progress)
        if next_step_of(run, state) != kept.about.next_step:
            raise DataError(
                f"{path} keeps another fit: a step from where it is makes other numbers than it did. The network, its "
                f"loss or its optimizer was changed. {_REMEDY}"
            )
        run.programs.values.set(state[:values])
        run.programs.carried = [np.array(x) for x in state[run.carried]]

    def _check_the_same(self, run: Fitting, about: About) -> None:
        path = self._file.path
        for name, now in self._settings.items():
            then = about.settings.get(name, "unknown")
            if then != now:
                raise DataError(
                    f"{path} keeps another fit: {name} was {cut(then)} and is {cut(now)}. {_REMEDY}"
                )
        if self._examples != about.examples:
            raise DataError(f"{path} keeps another fit: it learned from other examples than these. {_REMEDY}")


_REMEDY = "Fit as before to go on; delete the file, or give resume another name, to begin anew."


ResumeLike: TypeAlias = str | os.PathLike[str] | Keeper | None


def keeper_of(resume: ResumeLike, method: Optimizer | LBFGS) -> Keeper | None:
    """Return what keeps a fit: in a file of its own, or as the owner of several fits does; None where nothing does."""
    if resume is None:
        return None
    if not method.by_steps:
        raise DataError(
            "L-BFGS keeps what it knows of the curvature to itself, so a fit by it cannot go on from a file: leave "
            "resume out, or take another optimizer, such as 'adam'."
        )
    return resume if isinstance(resume, Keeper) else Keeper(Checkpoints(resume))


def _point(run: Fitting, kept: Kept, epochs: int) -> Point:
    """Return the point that a file has, its arrays as the fit wants them."""
    counts = {name: kept.about.counts[name] for name in COUNTS}
    best, *costs = kept.arrays["costs"].astype(np.float64).tolist()
    if counts["epochs_done"] != epochs or len(costs) != len(COSTS) - 1 + len(kept.about.good):
        raise FileFormatError("Its progress is that of another number of epochs.")
    seen = kept.several("best")
    progress = Progress(
        best, best_state=fitting(seen, run.began_with) if seen else [],
        **dict(zip(COSTS[1:], costs, strict=False)), **counts,
        lowered=[(int(e), float(s)) for e, s in kept.arrays.get("lowered", np.zeros((0, 2)))],
    )  # fmt: skip
    every = zip(kept.about.good, costs[len(COSTS) - 1 :], strict=True)
    good = [Good(fitting(kept.several(f"good{i}"), run.began_with), *each) for i, each in enumerate(every)]
    return Point(fitting(kept.several("state"), first_state(run)), progress, tuple(good))


def fitting(found: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> Arrays:
    """Return arrays of a file if they are like those that are wanted."""
    if [(x.shape, x.dtype) for x in found] != [(x.shape, x.dtype) for x in wanted]:
        raise FileFormatError("Its arrays are not those of this network and optimizer.")
    return list(found)


# --- what makes a fit this one --------------------------------------------------------------------------

_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")  # where a function lies is another place in each process


def settings_of(run: Fitting) -> dict[str, str]:
    """Return in words what decides how a fit goes, but for its examples."""
    layers = [call.layer for call in run.programs.architecture.calls.values()]
    every: dict[str, Any] = {
        "the network": layers,
        "loss": losses.describe_loss(run.goal.loss),
        "optimizer": run.method,
        "batch_size": run.settings.batch_size,
        "epochs": run.settings.epochs,
        "tol": run.settings.tol,
        "EarlyStopping": run.listeners.stopping,
        "the seed": run.seed,
        "the engine": run.executable.engine,
    }
    if run.settings.until is not None:
        every["until"] = run.settings.until
    return {name: _ADDRESS.sub("", repr(each)) for name, each in every.items()}


def examples_of(run: Fitting) -> str:
    """Return a checksum of what a fit learns from, validates on, and of its first and last order."""
    held = [] if run.validation is None else run.validation[1]
    last = run.settings.epochs - 1
    orders = [run.orders(epoch, 1) for epoch in (0, last)] if last >= 0 else []
    return _checksum([*run.table, *held, *orders])


def next_step_of(run: Fitting, state: Arrays) -> str:
    """Return a checksum of what one batch makes of a state: what decides a step is in it, whoever wrote it."""
    if not run.settings.epochs:
        return ""
    rows = np.ascontiguousarray(run.orders(0, 1)[:, : min(run.batches.size, run.rows)])
    result = run.executable.run(Epochs(state, run.table, rows, run.batches))
    return _checksum([*result.state, np.asarray(result.epochs, np.float64)])


def _checksum(arrays: Sequence[np.ndarray]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(f"{array.dtype.str} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
