"""A case: a training as the doctor sees it, and what is asked of it, once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.explaining.doctor.blueprints import Blueprint
from chainrule.explaining.doctor.jobs import Job
from chainrule.explaining.doctor.scoring import Score, Task, score
from chainrule.explaining.doctor.splitting import Split
from chainrule.explaining.doctor.training import Outcome, Wanted, outcomes
from chainrule.explaining.doctor.work import of_example, of_step, of_training, outputs_of
from chainrule.nn import losses
from chainrule.nn.reading import output_kind
from chainrule.train.history import History
from chainrule.train.network import Network
from chainrule.train.targets import loss_of

MOST_SEEN = 10_000_000  # numbers that the layers put out for the rows that are looked at

Tables = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Case:
    """A training: what was to learn from what, and how. Changes return another one, with :meth:`but`.

    Attributes:
        blueprint: What the network is made of; ``case.layers`` are its layers.
        inputs: The rows to learn from: an array for each input, by name, ``(rows, ...)``; float64 where they came so.
        targets: Their targets, ``(rows, ...)``.
        job: What ``fit`` was asked for.
        task: "classes", "labels" (several yes or no) or "numbers".
        splits: Which rows trials learn from and which judge them, one split for each seed.
        trained: The network as it was trained: to look at, never to change.
        history: Of that training; None where there is none.
        validation: The inputs and targets of ``validation_data``, to look at; None without.
        columns: What the columns of each input are called, where that is known.
        unscale: What predictions are multiplied by, and what is added then: the user's scale of the targets.
        read: How predictions become numbers of the user's, before ``unscale``; None where they are such.
        begin: The values that fresh networks begin with, by name, in place of those that are drawn.
        notes: What could not be examined.
    """

    blueprint: Blueprint
    inputs: Tables
    targets: np.ndarray
    job: Job
    task: Task
    splits: tuple[Split, ...]
    trained: Network
    history: History | None
    validation: tuple[Tables, np.ndarray] | None = None
    columns: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    unscale: tuple[Any, Any] = (1.0, 0.0)
    read: Callable[[np.ndarray], np.ndarray] | None = None
    begin: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def but(self, **changed: Any) -> "Case":
        """Return the same case with other attributes; those of its job by their names as well."""
        own = {name: value for name, value in changed.items() if name in _FIELDS}
        rest = {name: value for name, value in changed.items() if name not in _FIELDS}
        if rest:
            own["job"] = replace(own.get("job", self.job), **rest)
        return replace(self, **own)

    # --- what it is made of ---

    @property
    def layers(self) -> tuple[Any, ...]:
        """The layers in order, each once."""
        return self.blueprint.layers

    @property
    def rows(self) -> int:
        """How many there are to learn from."""
        return len(self.targets)

    @property
    def x(self) -> np.ndarray | None:
        """The table ``(rows, columns)`` where the network has one input of that kind, else None."""
        tables = list(self.inputs.values())
        return tables[0] if len(tables) == 1 and tables[0].ndim == 2 else None

    @cached_property
    def loss(self) -> str:
        """The name of the loss."""
        return losses.describe_loss(loss_of(self.trained._programs.architecture, self.job.loss))

    @cached_property
    def ending(self) -> str:
        """The name of the activation that the network ends with: "identity" for none, "" for a formula."""
        return output_kind(self.trained._programs.architecture)

    @property
    def units(self) -> int:
        """How many numbers the network puts out for each example."""
        output = self.trained._programs.architecture.output
        return int(output.shape[-1]) if output.ndim > 1 else 1

    @cached_property
    def batch(self) -> int:
        """Examples a step, of the rows that there are."""
        return self.rows if self.job.batch_size is None else min(int(self.job.batch_size), self.rows)

    @cached_property
    def steps(self) -> int:
        """Steps an epoch."""
        return -(-self.rows // self.batch)

    # --- what the network does, as trained and as it begins ---

    @cached_property
    def sample(self) -> np.ndarray:
        """Numbers of rows to look at: 512 at the most, fewer where a network computes much of each."""
        most = min(512, max(32, MOST_SEEN // outputs_of(self.trained._programs.architecture)))
        step = -(-self.rows // most)
        return np.arange(0, self.rows, step)

    def given(self, rows: np.ndarray | None = None, tables: Tables | None = None) -> Any:
        """Return rows as a network takes them: an array for one input, a dict for several."""
        every = self.inputs if tables is None else tables
        chosen = {name: t if rows is None else t[rows] for name, t in every.items()}
        return next(iter(chosen.values())) if len(chosen) == 1 else chosen

    @cached_property
    def fresh(self) -> Network:
        """A network as the training began, of the seed that it had."""
        return fresh(self, self.trained.seed)

    def activations(self, network: Network) -> dict[str, np.ndarray]:
        """Return what each layer of a network computes for the sample: "Z1", "A1" ...; nothing where that fails."""
        with np.errstate(all="ignore"):
            try:
                return dict(network.activations(self.given(self.sample)))
            except Exception:  # a layer or a loss of the user's may raise anything
                return {}

    def gradients(self, network: Network) -> dict[str, np.ndarray]:
        """Return the gradient by each parameter of a network for the sample; nothing where that fails."""
        with np.errstate(all="ignore"):
            try:
                given = self.given(self.sample), self.targets[self.sample]
                return dict(network.gradients(*given, loss=self.job.loss))
            except Exception:  # a layer or a loss of the user's may raise anything
                return {}

    @cached_property
    def at_begin(self) -> dict[str, np.ndarray]:
        """What each layer computes as the training began, if it began with what its layers draw."""
        return self.activations(self.fresh)

    @cached_property
    def gradients_at_begin(self) -> dict[str, np.ndarray]:
        """The gradient by each parameter as the training began."""
        return self.gradients(self.fresh)

    # --- how well it does ---

    def said(self, network: Network, rows: np.ndarray) -> np.ndarray:
        """Return what a network predicts for rows, on the user's scale."""
        with np.errstate(all="ignore"):
            factor, offset = self.unscale
            said = np.asarray(network.predict(self.given(rows)), np.float64)
            return np.asarray((said if self.read is None else self.read(said)) * factor + offset)

    def score(self, network: Network, rows: np.ndarray) -> Score:
        """Return how well a network predicts rows."""
        return self.judge(rows, self.said(network, rows))

    def judge(self, rows: np.ndarray, said: np.ndarray) -> Score:
        """Return how good predictions for rows are."""
        return score(self.task, self.true(rows), said)

    def true(self, rows: np.ndarray) -> np.ndarray:
        """Return the targets of rows on the user's scale."""
        factor, offset = self.unscale
        y = self.targets[rows]
        return (
            y if np.ndim(factor) == 0 and (factor, offset) == (1.0, 0.0) else np.asarray(y * factor + offset)
        )

    @cached_property
    def as_trained(self) -> Score | None:
        """How well the trained network itself predicts the rows that it learned from; None where it cannot."""
        try:
            return self.score(self.trained, self.splits[0].learning)
        except Exception:
            return None

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """The training done again with other seeds, one of each split: the noise of doing it again, and its scores."""
        return self.train(range(len(self.splits)), curves=True)

    @property
    def learned(self) -> float:
        """The skill of the training, done again, on the rows that it learned from: 1 perfect, 0 the best guess."""
        return float(np.mean([o.learning.skill for o in self.outcomes]))

    @property
    def held(self) -> float:
        """The skill on rows that it did not learn from."""
        return float(np.mean([o.choosing.skill for o in self.outcomes]))

    @property
    def cost(self) -> float:
        """What it takes to train it once, in billionths of a second: counted, so that it is the same everywhere."""
        split, architecture = self.splits[0], self.trained._programs.architecture
        rows = len(split.learning)
        batch = rows if self.job.batch_size is None else max(1, round(self.job.batch_size * split.share))
        return of_training(of_example(architecture), of_step(architecture), rows, batch, self.job.epochs)

    @property
    def compiles(self) -> Any:
        """What two cases have in common whose training is one compiled program; that of others is compiled anew."""
        method = self.job.optimizer
        rate = getattr(method, "learning_rate", None)
        rule = replace(method, learning_rate=1.0) if isinstance(rate, int | float) else method
        # the blueprint itself and not its id, which another one gets as soon as this one is gone
        return self.blueprint, repr(self.job.loss), self.job.class_weight is None, repr(rule)

    def train(self, seeds: Any, curves: bool = False) -> list[Outcome]:
        """Train this case anew, once for each seed, each on the split of that number."""
        wanted = [Wanted(fresh(self, 1000 + seed), self.splits[seed]) for seed in seeds]
        return outcomes(self, wanted, curves)


_FIELDS = frozenset(Case.__dataclass_fields__)


def fresh(case: Case, seed: int) -> Network:
    """Return a network that has learned nothing yet."""
    network = case.blueprint.network(seed)
    for name, value in case.begin.items():
        if name in network.parameters:
            network.parameters[name] = value
    return network
