"""Many networks fitted at once: each as it would be alone, on rows of the same examples."""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from math import inf
from numbers import Real
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, short, warn
from chainrule.nn.kinds import LossLike
from chainrule.shown import counted
from chainrule.signals import asking
from chainrule.train.fit.alike import alike, can_be_followed, learn_alike
from chainrule.train.fit.asking import Asking, Begun, begun, failure, learn
from chainrule.train.fit.crew import Crew, never_begun
from chainrule.train.fit.divergence import Told
from chainrule.train.fit.resuming import Checkpoints, Keeper, ResumeLike
from chainrule.train.fit.settings import at_least_0, whole
from chainrule.train.frames import are_inputs
from chainrule.train.history import History
from chainrule.train.kept import Keeping
from chainrule.train.kinds import CallbacksLike, ClassWeight, Data, MetricsLike, OptimizerLike, Validation
from chainrule.train.network import Network

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MOST_KEPT = 2**29  # bytes of numbers of epochs, of all members together


@public
def fit_many(
    networks: Sequence[Network],
    X: Data,
    y: "ArrayLike",
    *,
    rows: "Sequence[ArrayLike | None] | None" = None,
    validation_rows: "Sequence[ArrayLike | None] | None" = None,
    loss: LossLike | Sequence[LossLike] = None,
    optimizer: OptimizerLike | Sequence[OptimizerLike] = "adam",
    batch_size: int | Sequence[int | None] | None = 32,
    epochs: int | Sequence[int] = 100,
    metrics: MetricsLike = (),
    validation_split: float | Sequence[float] = 0.0,
    validation_data: Validation = None,
    shuffle: "bool | ArrayLike" = True,
    class_weight: ClassWeight | Sequence[ClassWeight] = None,
    sample_weight: "ArrayLike | None" = None,
    callbacks: CallbacksLike[Network] | Sequence[CallbacksLike[Network]] = (),
    tol: float | Sequence[float | None] | None = None,
    time_budget: float | Sequence[float | None] | None = None,
    resume: ResumeLike | Sequence[ResumeLike] = None,
    until: int | Sequence[int | None] | None = None,
    keep_epochs: bool | Sequence[int] = False,
    verbose: int = 0,
) -> list[History]:
    """Fit many networks at once: seeds, folds, settings. Each learns as by :meth:`Network.fit` alone, to the same bits.

    Of those that are alike a step is compiled once, and one engine does them all: where networks leave it open, the one
    that is done first with all of them. Which it was, the history's ``engine`` says. Thousands of tiny networks that
    differ in their seeds are done in blocks, with ``input_shape`` or without, where nobody has looked at one before.

    Args:
        networks: The networks; each is there once.
        X: The examples of all, as :meth:`Network.fit` takes them.
        y: Their targets.
        rows: For each network the numbers of the rows that it learns from; None for all.
        validation_rows: For each network the numbers of the rows that it validates on, with their sample weights.
        loss: As in :meth:`Network.fit`, or a list of one for each network.
        optimizer: Likewise.
        batch_size: Likewise.
        epochs: Likewise.
        metrics: As in :meth:`Network.fit`.
        validation_split: As in :meth:`Network.fit`, or a list of one for each network.
        validation_data: As in :meth:`Network.fit`, for all of them.
        shuffle: As in :meth:`Network.fit`, for all of them.
        class_weight: As in :meth:`Network.fit`, or a list of one for each network.
        sample_weight: A weight for each row of X.
        callbacks: As in :meth:`Network.fit`; or a list of lists, one for each network.
        tol: As in :meth:`Network.fit`, or a list of one for each network.
        time_budget: Seconds for all of them: what is left is shared by those that have not begun. A list has those of
            each, from where it begins to learn: others, and what is compiled for it, take none of them.
        resume: A file for all of them, as in :meth:`Network.fit`.
        until: After how many epochs to end, of the course that ``epochs`` sets; or a list of one for each network.
        keep_epochs: Whether to keep, of every epoch of each network, what it predicts for the rows that it validates
            on, and its weights: ``history.kept``, a :class:`KeptEpochs`. So an epoch can be chosen for all together.
            Or of which epochs, counted from 0. Their ``val_cost`` is computed together with what is predicted, so that
            its last bit may be another than without.
        verbose: As in :meth:`Network.fit`.

    Returns:
        The history of each network. One whose cost becomes NaN or infinite says so; the others go on.

    Raises:
        DataError: If X or y cannot be learned from, a row is not there, lists are not as long as that of networks, or
            a setting makes no sense.
        GraphError: If one of the networks is none, is there twice, or is being fitted already.
        UnknownNameError: If no loss, optimizer or metric bears the name.
        FileFormatError: If the file to go on from is damaged, or no checkpoint.
        MissingFileError: If there is no folder for it.

    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> networks = [cr.Network([cr.Dense(8, "tanh"), cr.Dense(1)], seed=seed) for seed in range(4)]
    >>> folds = np.array_split(np.random.default_rng(0).permutation(40), 4)
    >>> rows = [np.setdiff1d(np.arange(40), fold) for fold in folds]
    >>> y, rule = np.sin(2 * X), cr.Adam(0.01)
    >>> histories = cr.fit_many(networks, X, y, rows=rows, validation_rows=folds, optimizer=rule, batch_size=4)
    >>> [history["val_cost"][-1] < 0.02 for history in histories]
    [True, True, True, True]
    """
    members = _networks(networks)
    count = len(members)
    validated = validation_rows is not None or validation_data is not None or np.any(validation_split)
    if keep_epochs is not False and not validated:
        raise DataError(
            "keep_epochs keeps what each network predicts for the rows that it validates on: give validation_rows, "
            "validation_data or validation_split."
        )
    if validation_rows is not None and (validation_data is not None or np.any(validation_split)):
        other = "validation_split" if validation_data is None else "validation_data"
        raise DataError(f"Give validation_rows or {other}, not both.")
    settings = {
        "loss": loss, "optimizer": optimizer, "batch_size": batch_size, "epochs": epochs, "until": until,
        "validation_split": validation_split, "class_weight": class_weight, "tol": tol,
    }  # fmt: skip
    each = {name: _one_each(name, given, count) for name, given in settings.items()}
    each |= {
        name: _lists(name, given, count) for name, given in (("metrics", metrics), ("callbacks", callbacks))
    }
    each |= {
        name: _row_lists(name, given, count, y) for name, given in (("rows", rows), ("held", validation_rows))
    }
    file = Checkpoints(resume) if isinstance(resume, str | PathLike) else None
    each["resume"] = _keepers(file, count) if file else _one_each("resume", resume, count)
    common = {
        "X": X, "y": y, "sample_weight": sample_weight, "validation_data": validation_data, "shuffle": shuffle,
        "verbose": verbose,
    }  # fmt: skip
    shared = time_budget if isinstance(time_budget, Real) else None
    at_least_0("time_budget", shared)
    each["time_budget"] = _one_each("time_budget", time_budget, count)
    ends = inf if shared is None else time.perf_counter() + float(shared)
    wanted = None if isinstance(keep_epochs, bool) else _epochs(keep_epochs)
    engines: dict[Any, str] = {}

    begun_before: dict[int, Begun] = {}

    def allowed(i: int, threads: int) -> float:
        if shared is None:
            return float(each["time_budget"][i])
        turns = -(-(count - i) // threads)  # what is left is shared by those that have not begun
        return max(0.0, (ends - time.perf_counter()) / turns)

    def begin(i: int, threads: int = 1) -> Begun:
        if i in begun_before:
            return begun_before.pop(i)
        network = members[i]
        own = {name: given[i] for name, given in each.items()}
        asked = _asking(network, common | own)
        keeping = Keeping(wanted, MOST_KEPT / count) if keep_epochs is not False else None
        kind = tuple(map(repr, network.layers)), network.dtype, network.engine
        try:
            fit = begun(network, asked, engines.get(kind), count, keeping)
        except DataError as error:
            if own["rows"] is not None or own["held"] is not None:
                error.args = (f"networks[{i}], whose rows are counted anew: {error}", *error.args[1:])
            raise
        engines.setdefault(kind, fit.run.executable.engine)
        if own["time_budget"] is not None:
            fit.run.allowed = lambda: allowed(i, threads)
        return fit

    with ExitStack() as stack, asking() as signals:
        for network in members:
            stack.enter_context(network._alone())
        histories: dict[int, History] = {}
        failures: dict[int, Told | None] = {}
        plain = time_budget is None and keep_epochs is False and not verbose and validation_data is None
        for first, *others in _groups(members) if members and plain and _is_the_same(each) else ():
            fit = begin(first)
            if not can_be_followed(fit.run):
                begun_before[first] = fit
                continue
            learn(fit, signals)
            histories[first], failures[first] = fit.run.history, failure(fit)
            places = {id(members[i]): i for i in others}
            for network, history, told in learn_alike(fit, [members[i] for i in others], signals):
                histories[places[id(network)]], failures[places[id(network)]] = history, told
        left = [i for i in range(count) if i not in histories]
        crew = Crew(left, signals, verbose, _all_epochs(each) if verbose else 0)
        histories |= crew.do(begin)
    _warn(failures | crew.failures, count)
    if file is not None and not signals.number:
        file.remove()
    return [histories[i] if i in histories else History(**never_begun(signals)) for i in range(count)]


def _all_epochs(each: dict[str, list[Any]]) -> int:
    """Return how many epochs there are of all networks."""
    ends = zip(each["epochs"], each["until"], strict=True)
    return sum(
        min(whole("epochs", most, 0), most if until is None else whole("until", until, 0))
        for most, until in ends
    )


def _warn(failures: Mapping[int, Told | None], count: int) -> None:
    """Warn of networks that diverged, or learned nothing: once for each kind of warning, as of the first of them."""
    found: dict[type[Warning], list[tuple[int, str]]] = {}
    for i, told in sorted(failures.items()):
        if told is not None:
            found.setdefault(told[1], []).append((i, told[0]))
    for kind, ((first, says), *others) in found.items():
        which = f"networks[{first}]: " * (count > 1)
        more = f" So it is with {counted(len(others), 'other')} of the {count} networks." * bool(others)
        warn(f"{which}{says}{more}", kind)


# --- what is given for each of them ---------------------------------------------------------------------


def _is_the_same(each: dict[str, list[Any]]) -> bool:
    """Say whether all networks are asked for the same, and for no more than to learn from all rows."""
    first = {name: given[0] for name, given in each.items()}
    absent = ("rows", "held", "tol", "until", "resume")
    nothing = (
        all(first[name] is None for name in absent)
        and not first["validation_split"]
        and not first["callbacks"]
    )
    return nothing and all(x is first[name] for name, given in each.items() for x in given)


def _groups(members: Sequence[Network]) -> list[list[int]]:
    """Return the places of networks that are alike, where there are several."""
    found: dict[Any, list[int]] = {}
    for i, network in enumerate(members):
        key = alike(network)
        if key is not None:
            found.setdefault(key, []).append(i)
    return [places for places in found.values() if len(places) > 1]


def _asking(network: Network, given: dict[str, Any]) -> Asking:
    """Return what one network is asked for, of its own rows."""
    own, rows, held = dict(given), given["rows"], given["held"]
    del own["rows"], own["held"]
    inputs = 1 if network._made is None else len(network._made.architecture.inputs)
    parts = given["X"], given["y"], given["sample_weight"]
    if rows is not None:
        own |= zip(("X", "y", "sample_weight"), _at(parts, rows, inputs), strict=True)
    if held is not None:
        own["validation_data"] = _at(parts, held, inputs)
    return Asking(**own)


def _keepers(file: Checkpoints, count: int) -> list[Keeper]:
    """Return what keeps each of the fits in one file."""
    return [Keeper(file, f"network {i}", alone=False) for i in range(count)]


def _networks(given: Any) -> list[Network]:
    """Return the networks, each of which is there once."""
    if isinstance(given, Network) or not isinstance(given, Sequence):
        raise GraphError(f"fit_many takes a list of networks; found {short(given)}.")
    seen: set[int] = set()
    for i, network in enumerate(given):
        if not isinstance(network, Network):
            raise GraphError(f"fit_many takes a list of networks; at place {i} it found {short(network)}.")
        if id(network) in seen:
            raise GraphError(
                f"The network at place {i} is there twice: it cannot learn two things at once. Give a copy: "
                "copy.deepcopy(network)."
            )
        seen.add(id(network))
    return list(given)


def _one_each(name: str, given: Any, count: int) -> list[Any]:
    """Return a setting for each network: one for all, or as many as there are."""
    if not isinstance(given, list | tuple):
        return [given] * count
    if len(given) != count:
        raise DataError(
            f"{name} is one for all networks, or a list of one for each: there are {counted(count, 'network')} and "
            f"{len(given)} of {name}."
        )
    return list(given)


def _lists(name: str, given: Any, count: int) -> list[Any]:
    """Return for each network what is itself a list: the same for all, or a list for each."""
    listed = isinstance(given, list | tuple) and len(given) > 0
    return (
        _one_each(name, given, count)
        if listed and all(isinstance(x, list | tuple) for x in given)
        else [given] * count
    )


def _row_lists(name: str, given: Any, count: int, y: Any) -> list[np.ndarray | None]:
    """Return the row numbers of each network, or None for all rows."""
    if given is None:
        return [None] * count
    total = len(y)
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise DataError(f"{name} is a list of the numbers of rows for each network; found {short(given)}.")
    found: list[np.ndarray | None] = []
    for i, wanted in enumerate(_one_each(name, list(given), count)):
        if wanted is None:
            found.append(None)
            continue
        numbers = np.asarray(wanted)
        if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or not len(numbers):
            raise DataError(
                f"{name}[{i}] holds the numbers of rows, whole numbers from 0, at least one; found {short(wanted)}."
            )
        if numbers.min() < 0 or numbers.max() >= total:
            wrong = int(numbers[(numbers < 0) | (numbers >= total)][0])
            raise DataError(f"{name}[{i}] names the row {wrong}; there are {total} rows.")
        found.append(numbers.astype(np.int64))
    return found


def _at(parts: Sequence[Any], rows: np.ndarray, inputs: int) -> list[Any]:
    """Return some rows of X, y and the weights, each of which stays what it is."""
    X, y, weight = parts
    several = isinstance(X, list | tuple) and inputs > 1
    chosen = [_rows_of(part, rows, len(y)) for part in X] if several else _rows_of(X, rows, len(y))
    return [
        chosen,
        _rows_of(y, rows, len(y)),
        None if weight is None else _rows_of(weight, rows, len(y), "sample_weight"),
    ]


def _epochs(given: Any) -> list[int]:
    """Return the numbers of epochs that are to be kept."""
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise DataError(f"keep_epochs is True, or a list of epochs, counted from 0; found {short(given)}.")
    return [whole("an epoch of keep_epochs", each, 0) for each in given]


def _rows_of(given: Any, rows: np.ndarray, total: int, what: str = "X") -> Any:
    """Return some rows of a table, a dict of inputs, an array or a list, of as many as there are targets."""
    if are_inputs(given):
        return {name: _rows_of(part, rows, total, what) for name, part in given.items()}
    found = given.shape[0] if hasattr(given, "shape") else len(given)
    if found != total:
        needs = "its weight" if what == "sample_weight" else "its target"
        raise DataError(f"{what} has {counted(found, 'row')} and y has {total}. Each example needs {needs}.")
    if hasattr(given, "iloc"):
        return given.iloc[rows]
    if isinstance(given, list | tuple):
        return [given[i] for i in rows.tolist()]
    if hasattr(given, "toarray"):
        return given.toarray()[rows]
    return given[rows] if hasattr(given, "__getitem__") else np.asarray(given)[rows]
