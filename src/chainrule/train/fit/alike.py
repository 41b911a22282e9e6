"""Networks that are alike but for their seeds, and tiny: one call does the loops of many, and one check is for all.

Of such networks a fit takes some fifty microseconds of machine code, and thirty times that to be asked for: to check,
draw, and look up what is compiled. Here the first does that, and the others differ from it in numbers alone.
"""

import copy
import threading
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.engines.epochs import Alike
from chainrule.graph.evaluate import Arrays
from chainrule.nn.layers.base import SEED
from chainrule.nn.reading import many_initial_values
from chainrule.signals import Asked
from chainrule.train.common import beside, common_programs
from chainrule.train.fit.asking import Begun, failure
from chainrule.train.fit.divergence import Told
from chainrule.train.fit.fitting import Fitting, Good, first_state, recorded
from chainrule.train.fit.stopping import finish
from chainrule.train.history import History
from chainrule.train.objective import CLOCK
from chainrule.train.optimizers import LBFGS
from chainrule.train.schedules import plateau
from chainrule.train.watching import reading_of

AT_ONCE, MOST_NUMBERS = 256, 2**21  # networks in a call, and outputs of all their steps: its memory
MOST_EPOCHS = 100_000  # of a longer fit somebody wants to see, and to end, what goes on


def alike(network: Any) -> Hashable | None:
    """Return what two networks that were never fitted have in common if they differ in seeds alone; None if unknown."""
    made = network._made
    if network.runs or network.loss is not None:
        return None
    if made is not None:
        plain = made.common and made.values.untouched and all(layer.trainable for layer in network._layers)
        return (made.architecture.structure, network.engine) if plain else None
    found, places = [network.dtype, network.engine], list(map(id, network._layers))
    for layer in network._layers:
        settings, first = vars(layer), places.index(id(layer))  # one that is there twice has its numbers once
        found += (first, type(layer), *settings, *settings.values(), *map(type, settings.values()))
    key = tuple(found)
    try:
        hash(key)
    except TypeError:  # arrays of initial values
        return None
    return key


def learn_alike(
    leader: Begun, networks: Sequence[Any], signals: Asked
) -> Iterator[tuple[Any, History, Told | None]]:
    """Fit networks like one that was fitted, as long as no signal comes; yield those done, and what to warn of.

    Args:
        leader: The fit of the first, of which nothing was asked but to learn from all rows.
        networks: The others, alike.
        signals: Those that ask for the end.
    """
    run = leader.run
    if run.history.epochs < run.settings.epochs:  # it diverged, say, and each may do so in its own way
        return
    size = max(1, min(AT_ONCE, MOST_NUMBERS // max(run.history.epochs, 1)))
    blocks = [networks[start : start + size] for start in range(0, len(networks), size)]
    ahead = _Ahead(run, blocks[0])
    for i, block in enumerate(blocks):
        states, found = ahead.result()
        if found is None or signals.number:
            return
        if i + 1 < len(blocks):  # machine code lets this thread look at what is done meanwhile
            ahead = _Ahead(run, blocks[i + 1])
        yield from _ended(leader, block, states, found)


def can_be_followed(run: Fitting) -> bool:
    """Say whether a fit is told by the costs of its epochs, of a step each, and its engine does many such at once."""
    plain = (
        run.steps == 1
        and 0 < run.settings.epochs <= MOST_EPOCHS
        and not isinstance(run.method, LBFGS)
        and plateau(run.method.learning_rate) is None
        and run.goal.price is None
        and run.goal.architecture.structure is not None
        and not run.goal.architecture.carried
        and not run.programs.open_axes
    )
    if not plain:
        return False
    none = [np.empty((0, *x.shape), x.dtype) for x in first_state(run)]
    return run.executable.run_alike(none, run.table, run.settings.epochs) is not None


class _Ahead:
    """A call for a block of networks, on a thread of its own: it begins when it is made."""

    def __init__(self, run: Fitting, networks: Sequence[Any]) -> None:
        self._run, self._networks = run, networks
        self._found: list[tuple[Arrays, Alike | None]] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            states = _states(self._run, np.array([network.seed for network in self._networks], np.int64))
            found = self._run.executable.run_alike(states, self._run.table, self._run.settings.epochs)
            self._found.append((states, found))
        except BaseException as error:  # it belongs to the caller's thread
            self._error = error

    def result(self) -> tuple[Arrays, Alike | None]:
        """Wait for the end; return the states, and what was found."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._found[0]


def _states(run: Fitting, seeds: np.ndarray) -> Arrays:
    """Return the arrays of a first state, each of all seeds."""
    template = first_state(run)
    values = list(many_initial_values(run.programs.architecture, seeds).values())
    at_seed = len(template) - len(CLOCK) + CLOCK.index(SEED)
    rest = [np.broadcast_to(x, (len(seeds), *x.shape)) for x in template[len(values) :]]
    rest[at_seed - len(values)] = seeds
    return [np.array(x, order="C") for x in (*values, *rest)]


def _ended(
    leader: Begun, networks: Sequence[Any], states: Arrays, found: Alike
) -> Iterator[tuple[Any, History, Told | None]]:
    """Yield networks whose loops are done, each with its history and what there is to warn of."""
    run, count = leader.run, len(leader.run.began_with)
    slots = slice(count, count + len(run.slots))
    names, lines = recorded(run.goal), found.epochs
    reading = reading_of(run.goal, run.table)
    if reading is not None:
        flat = reading(lines.reshape(-1, lines.shape[-1]), np.zeros(0, np.int64), [])
        lines = flat.reshape(*lines.shape[:-1], -1)
    began = list(
        many_initial_values(run.programs.architecture, np.array([n.seed for n in networks])).values()
    )
    finite: Any = _flat([found.good, *map(np.isfinite, states[:count])]).all(axis=1)
    began_with_some = zip(run.programs.values.names, began, states[:count], strict=True)
    changed = [(x != 0) & (x != now) for name, x, now in began_with_some if name in run.goal.trained]
    moved: Any = _flat(changed).any(axis=1) & _flat([found.good, *map(np.isfinite, states[slots])]).all(
        axis=1
    )
    shape = next(iter(run.programs.architecture.inputs.values())).shape[1:]
    of_all = common_programs(networks[0]._layers, shape, networks[0].dtype)
    columns = lines.transpose(0, 2, 1).tolist()
    for i, network in enumerate(networks):
        if not finite[i]:
            continue
        values = [np.array(x[i]) for x in states[:count]]
        own: Fitting = copy.copy(run)
        own.history = History(
            dict(zip(names, columns[i], strict=True)), run.history.times, engine=run.history.engine
        )
        own.programs = network._made or beside(of_all, network.engine, network.seed)
        own.programs.values.take(values)
        own.seed, own.judged, own.began_with = network.seed, None, [x[i] for x in began]
        own.left, own.moved = [x[i] for x in states[slots]], bool(moved[i])
        own.history.stopped = finish(own, "", Good([], -1))
        network._made = own.programs
        network.runs, network.loss = 1, leader.network.loss
        network.columns, network.target_columns = dict(leader.network.columns), leader.network.target_columns
        yield network, own.history, failure(Begun(network, own, None, {}))


def _flat(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return arrays that have a row for each network as one table."""
    return np.concatenate([x.reshape(len(x), -1) for x in arrays], axis=1)
