"""``cr.diagnose``: a case is read, rules suspect, changes are tried, and what was mended is told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, short, warnings_unsaid
from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.pairs import paired
from chainrule.explaining.doctor.reading import case_of
from chainrule.explaining.doctor.rules import RULES
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.explaining.doctor.training import says
from chainrule.explaining.doctor.trials import tried
from chainrule.explaining.doctor.verdict import Verdict, Verdicts
from chainrule.explaining.doctor.weighing import weighed
from chainrule.explaining.doctor.work import BUDGET
from chainrule.train.network import Network

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from chainrule.train.history import History
    from chainrule.train.kinds import Data

OF_PAIRS = 0.5  # of all work, once more: for two changes at once, where none mends alone
NOT_EXAMINED = "not_examined"


@public
def diagnose(
    network: Network,
    X: "Data",
    y: "ArrayLike",
    history: "History | None" = None,
    job: Mapping[str, Any] | None = None,
) -> Verdicts:
    """Say what is wrong with a training, and prove it: by the change that mends it, made and trained again.

    Args:
        network: As it was trained; it stays untouched.
        X: The rows that it learned from, as ``fit`` took them.
        y: Their targets.
        history: What ``fit`` returned; None where it raised, or is not there any more.
        job: The arguments of that ``fit``, by name: ``{"optimizer": cr.Adam(0.5), "epochs": 50}``. What is left out
            is what the network remembers, else the default.

    Returns:
        Verdicts, the worst first: none, or notes alone, where nothing is wrong.

    Raises:
        GraphError: If network is no network.
        DataError: If job is no dict.

    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal([0, 500], [1, 200], size=(200, 2))
    >>> y = X[:, 0] + X[:, 1] / 200
    >>> network, job = cr.Network([cr.Dense(16, "tanh"), cr.Dense(1)], seed=0), {"optimizer": "adam", "epochs": 60}
    >>> history = network.fit(X, y, **job)
    >>> found = cr.diagnose(network, X, y, history, job)
    >>> found[0].cause, found[0].change
    ('inputs_unscaled', 'X = (X - X.mean(0)) / X.std(0)')
    """
    if not isinstance(network, Network):
        raise GraphError(f"diagnose looks at a cr.Network as it was trained; found {short(network)}.")
    if not isinstance(job, Mapping | None):
        raise DataError(f"job is a dict of the arguments that fit was given; found {short(job)}.")
    try:
        with _quietly():
            case = case_of(network, X, y, history, job)
    except Exception as error:  # what could not be learned from cannot be examined, and that is said
        return Verdicts([_note(f"The training could not be examined: {says(error)}")])
    return examined(case)


def examined(case: Case, work: float = BUDGET) -> Verdicts:
    """Return the verdicts on a case.

    Args:
        case: The case.
        work: How much trials may take, in billionths of a second, about.
    """
    with _quietly():
        notes = list(case.notes)
        suspected: list[Suspicion] = []
        for rule in RULES:
            try:
                suspected += rule(case)
            except (
                Exception
            ) as error:  # a loss or a layer of the user's may raise anything; other rules go on
                notes.append(f"{rule.__module__.rpartition('.')[2]} was not examined: {says(error)}")
        failed = next((o.error for o in case.outcomes if o.error), "")
        if failed:
            notes.append(f"The training could not be done again, so that no change was tried: {failed}")
        ordered = sorted([(s.weight, s.change) for s in suspected if s.change], key=lambda pair: -pair[0])
        trials = tried(case, [change for _, change in ordered], work, [weight for weight, _ in ordered])
        begins = any(o.history is not None for o in case.outcomes)
        said = weighed(suspected, trials, begins)
        if not any(v.trial for v in said) and not any(s.certain for s in suspected):  # nothing mends it alone
            pair, more = paired(case, suspected, trials, OF_PAIRS * work)
            trials = {**trials, **more}
            said = weighed([*pair, *suspected], trials, begins) if pair else said
        return Verdicts([*said, *map(_note, notes)], len(trials))


@contextmanager
def _quietly() -> Iterator[None]:
    with warnings_unsaid(), np.errstate(all="ignore"):
        yield


def _note(text: str) -> Verdict:
    return Verdict(NOT_EXAMINED, "note", text, "")
