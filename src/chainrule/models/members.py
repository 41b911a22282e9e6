"""Several networks that learn from folds of the rows and decide together, beside a linear model, by the recipe."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from chainrule.errors import DivergenceWarning, LearningWarning
from chainrule.models.base import Fitted, Ready, Say, Stages, dropped, fit_one
from chainrule.models.judging import tells_alone
from chainrule.models.linear import Crossed, coefficients, crossed, network_of
from chainrule.models.logarithm import Logarithm, logarithm_of, said_plainly
from chainrule.models.nearer import nearer
from chainrule.models.options import USUAL_EPOCHS, Options
from chainrule.models.out_of_fold import Ensemble, Member, Variant, ensemble_of, in_step
from chainrule.models.pacing import paced
from chainrule.models.prepared import Prepared
from chainrule.models.recipe import (
    FEW,
    PRICES,
    ROWS_A_COLUMN,
    TRIED,
    TWICE,
    is_better,
    patience_for,
    row_losses,
    share_of_networks,
    variants_for,
)
from chainrule.models.weighing import weights_of
from chainrule.random import Draws
from chainrule.shown import counted
from chainrule.signals import Asked
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.history import History
from chainrule.train.many import fit_many
from chainrule.train.mixing import mixture
from chainrule.train.network import Network
from chainrule.train.progress import ends_untold


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen by predictions for rows that were not learned from.

    Attributes:
        variant: What networks see and learn.
        epochs: How many each of them learns.
        share: How much they say beside a linear model, from 0 to 1.
        price: That of the weights of the linear model.
    """

    variant: Variant
    epochs: tuple[int, ...]
    share: float = 1.0
    price: float = 1.0


def fit(name: str, ready: Ready[Prepared], options: Any, stages: Stages, say: Say) -> Fitted[Prepared]:
    """Train what the choices say: one network, or several that decide together."""
    timed = bool(options.time_budget)
    if options.recipe and timed:
        ready, options = paced(name, ready, options, stages, say)
    if (options.members or 1) > 1:
        return fit_members(name, ready, options, stages, say, timed)
    return fit_one(name, ready, options, stages)


def fit_members(
    name: str, ready: Ready[Prepared], options: Options, stages: Stages, say: Say, timed: bool = False
) -> Fitted[Prepared]:
    """Train networks on the folds, choose by what each says of rows that it never saw, and mix them."""
    began, task = time.perf_counter(), ready.data.target.task
    y = ready.learn[1]
    weight = weights_of(ready.class_weight, y)
    losses = partial(row_losses, task, y)
    prefix = "" if name == "main" else f"{name}, "
    ensemble, histories = _best_ensemble(prefix, ready, options, stages, losses, weight)
    history = together(histories, time.perf_counter() - began)
    if not ensemble.members:
        failed = ready.network(options)
        history.diverged = not history.signal
        return Fitted(ready, failed, history, 0, lambda whole, epochs, done: (failed, history, "failed"))
    known = np.isfinite(ensemble.outputs).all(axis=1)
    mixed, choice, plain = (
        ensemble.outputs,
        Choice(ensemble.variant, ensemble.epochs),
        np.zeros_like(ensemble.outputs),
    )
    if options.recipe:
        linear = _linear(ready)
        weighs, blocks = (None if each is None else each[known] for each in (weight, ready.data.blocks))
        share = share_of_networks(task, y[known], mixed[known], linear.outputs[known], weighs, blocks)
        if share < 1:  # of one that blew up nothing counts, and 0 times NaN is NaN
            plain = linear.outputs
            mixed = share * mixed + (1 - share) * plain
        choice = replace(choice, share=share, price=linear.price)
    epochs = int(np.median(choice.epochs))
    history.best_epoch, history.stopped = epochs - 1, _told(ensemble, choice, options, history)
    say(history.stopped)
    if task == "regression" and choice.share and not (ready.data.in_time or tells_alone(ready)):
        others = None if timed else _second(prefix, ready, options, stages, ensemble, losses)
        mixed = nearer(ready, ensemble, others, choice.share, mixed, plain)
        history.signal = history.signal or stages.signal
    if ready.data.in_time and choice.share and not history.signal:  # the first of them learned from few rows
        ensemble = replace(ensemble, members=tuple(_anew("in time, ", ready, choice, stages)))
    network = mixed_of(ready, options, choice, [each.network for each in ensemble.members])
    ready = replace(ready, unseen=(y[known], mixed[known]))

    def again(whole: Ready[Prepared], epochs: int, stages: Stages) -> tuple[Network, History, str]:
        began = time.perf_counter()
        members = list(_anew("refit, ", whole, choice, stages)) if choice.share else []
        last = together([each.history for each in members], time.perf_counter() - began)
        decided: Any = whole.options
        why = dropped(last, min(choice.epochs), whole) if choice.share else ""
        settled, X = choice, whole.learn[0]
        if choice.share < 1 and len(X) < ROWS_A_COLUMN * X.shape[1] and in_step(whole):
            settled = replace(choice, price=_linear(whole).price)
        return mixed_of(whole, decided, settled, [each.network for each in members]), last, why

    return Fitted(ready, network, history, epochs, again)


def mixed_of(
    ready: Ready[Prepared], options: Options, choice: Choice, networks: Sequence[Network]
) -> Network:
    """Return networks, and the linear model of the same rows, as one network."""
    (X, y), target = ready.learn, ready.data.target
    parts = [said_plainly(each, target, choice.variant.logarithm) for each in networks if choice.share]
    shares = [choice.share / len(parts) for _ in parts]
    if choice.share < 1:
        found = coefficients(target, X, y, weights_of(ready.class_weight, y), choice.price)
        if linear := network_of(target, found):
            parts, shares = [*parts, linear], [*shares, 1 - choice.share]
    network = mixture(parts, shares)
    network.seed, network.engine = options.seed, options.engine
    return network


# --- training ---------------------------------------------------------------------------------------------


def _best_ensemble(
    prefix: str,
    ready: Ready[Prepared],
    options: Options,
    stages: Stages,
    losses: Callable[[np.ndarray], np.ndarray],
    weight: np.ndarray | None,
) -> tuple[Ensemble, list[History]]:
    """Train a network on each fold: of the variant that is the best on some of them."""
    folds = ready.data.folds
    variants = _variants(ready, options)
    tried = len(folds) if len(variants) == 1 else min(TRIED, len(folds))
    learn = partial(_learned, prefix, ready, options, stages)
    ensembles: list[Ensemble] = []
    histories: list[History] = []
    for variant in variants:
        if ensembles and stages.signal:
            break
        members = learn(range(tried), variant)
        histories += [each.history for each in members]
        ensembles.append(ensemble_of(ready, losses, weight, members, variant))
    best = _best_of(
        ensembles, [losses(ensemble.outputs) for ensemble in ensembles], weight, ready.data.blocks
    )
    if tried < len(folds) and not stages.signal:
        more = learn(range(tried, len(folds)), best.variant)
        histories += [each.history for each in more]
        best = ensemble_of(ready, losses, weight, [*best.members, *more], best.variant)
    _restore(ready, options, best)
    return best, histories


def _best_of(
    ensembles: Sequence[Ensemble],
    costs: Sequence[np.ndarray],
    weight: np.ndarray | None,
    blocks: np.ndarray | None,
) -> Ensemble:
    """Return the usual networks, the first, or the best of those that surely are better.

    A logarithm need not be sure: what is predicted has the look of it.
    """
    usual = ensembles[0]
    better = [
        ensemble
        for ensemble, cost in zip(ensembles, costs, strict=True)
        if (ensemble.variant.logarithm and ensemble.cost < usual.cost)
        or is_better(costs[0], cost, weight, blocks)
    ]
    return min(better, key=lambda ensemble: ensemble.cost, default=usual)


def _variants(ready: Ready[Prepared], options: Options) -> list[Variant]:
    """Return the variants of networks that are worth a trial, the usual one first."""
    bins = options.bins or 0
    if not options.recipe:
        return [Variant(bins)]
    logarithm = logarithm_of(ready.data.target, ready.learn[1])
    found = variants_for(bins, in_step(ready), logarithm is not None)
    return [Variant(some, logarithm if learns_it else None) for some, learns_it in found]


def _learned(
    prefix: str,
    ready: Ready[Prepared],
    options: Options,
    stages: Stages,
    numbers: Sequence[int],
    variant: Variant,
) -> list[Member]:
    """Train a network on each of some folds."""
    folds = [ready.data.folds[number] for number in numbers]
    names = [
        f"{prefix}{variant.name if variant.logarithm or options.bins else ''}member {number + 1}"
        for number in numbers
    ]
    stopping: list[Any] = []
    if not in_step(ready):
        patience = patience_for(_epochs(options))
        stopping = [
            EarlyStopping(patience) if variant.logarithm else replace(ready.stopping, patience=patience)
        ]
    return _fit(
        names, ready, options, stages, numbers, variant,
        rows=[learn for learn, _ in folds], validation_rows=[judge for _, judge in folds],
        callbacks=[stopping] * len(folds), keep_epochs=True, metrics=() if variant.logarithm else ready.watched,
    )  # fmt: skip


def _second(
    prefix: str,
    ready: Ready[Prepared],
    options: Options,
    stages: Stages,
    ensemble: Ensemble,
    losses: Callable[[np.ndarray], np.ndarray],
) -> Ensemble | None:
    """Train others on some of the folds, so that two networks speak of rows that neither learned from.

    None where several do already, since there was time.
    """
    folds = ready.data.folds
    if stages.signal or sum(len(judge) for _, judge in folds) > len(ready.learn[0]):
        return None
    twice = replace(ready, data=replace(ready.data, folds=(*folds, *folds[: max(1, len(folds) // TWICE)])))
    numbers = range(len(folds), len(twice.data.folds))
    members = _learned(f"{prefix}once more, ", twice, options, stages, numbers, ensemble.variant)
    return None if stages.signal else ensemble_of(twice, losses, None, members, ensemble.variant)


def _anew(prefix: str, ready: Ready[Prepared], choice: Choice, stages: Stages) -> Iterator[Member]:
    """Train as many networks as were chosen on all rows, each for as many epochs as one of those was best after."""
    options: Any = ready.options
    numbers = range(len(choice.epochs))
    names = [f"{prefix}member {number + 1}" for number in numbers]
    yield from _fit(names, ready, options, stages, numbers, choice.variant, until=list(choice.epochs))


def _fit(
    names: Sequence[str],
    ready: Ready[Prepared],
    options: Options,
    stages: Stages,
    numbers: Sequence[int],
    variant: Variant,
    **how: Any,
) -> list[Member]:
    each = replace(options, bins=variant.bins)
    networks = [ready.network(replace(each, seed=seed_of(options.seed, number))) for number in numbers]
    keepers = [stages.keeper(name) for name in names]
    histories = _train(
        networks, ready, options, variant.logarithm, resume=keepers, verbose=stages.verbose, **how
    )
    stages.ended(names, histories)
    return [Member(*each) for each in zip(networks, numbers, histories, strict=True)]


def _train(
    networks: Sequence[Network],
    ready: Ready[Prepared],
    options: Options,
    logarithm: Logarithm | None,
    **how: Any,
) -> list[History]:
    X, y = ready.learn
    with ends_untold(), warnings.catch_warnings():
        warnings.simplefilter("ignore", LearningWarning)  # a poor network gets no share
        warnings.simplefilter("ignore", DivergenceWarning)
        return fit_many(
            networks, X, y if logarithm is None else logarithm.learned(ready.data.target, y),
            optimizer=ready.optimizer(options), batch_size=options.batch_size, epochs=_epochs(options),
            sample_weight=weights_of(ready.class_weight, y), **how,
        )  # fmt: skip


def seed_of(seed: int, number: int) -> int:
    """Return the seed of a member.

    >>> seed_of(0, 0) == seed_of(0, 0) != seed_of(0, 1)
    True
    """
    return int(Draws(seed, "member", number).uniform(0, 2**31, (1,))[0])


def _epochs(options: Options) -> int:
    return options.epochs or USUAL_EPOCHS


# --- choosing ---------------------------------------------------------------------------------------------


def _restore(ready: Ready[Prepared], options: Options, ensemble: Ensemble) -> None:
    """Bring networks back to the epoch that is the best for all of them."""
    if not in_step(ready):
        return  # each is where it was best
    lost = []
    for member, epochs in zip(ensemble.members, ensemble.epochs, strict=True):
        if member.kept.values is None:  # they were too many
            member.network.initialize()
            member.network.engine = member.history.engine  # another would make other bits
            lost.append((member, epochs))
        else:
            member.kept.restore(member.network, epochs - 1)
    if lost:
        networks, until = [each.network for each, _ in lost], [epochs for _, epochs in lost]
        _train(
            networks, ready, options, ensemble.variant.logarithm, until=until,
            rows=[ready.data.folds[each.fold][0] for each, _ in lost],
        )  # fmt: skip


def _linear(ready: Ready[Prepared]) -> Crossed:
    """Return the linear model on the same folds."""
    (X, y), target = ready.learn, ready.data.target
    size = "regression" if target.task == "regression" else "few" if len(X) <= FEW else "many"
    losses = partial(row_losses, target.task, y)
    return crossed(target, X, y, weights_of(ready.class_weight, y), ready.data.folds, PRICES[size], losses)


def _told(ensemble: Ensemble, choice: Choice, options: Options, history: History) -> str:
    """Say in a sentence what was chosen, and what ended it early."""
    least, most = min(choice.epochs), max(choice.epochs)
    when = f"{most}" if least == most else f"{least} to {most}"
    learned = ", learned the logarithm" if choice.variant.logarithm else ""
    learned += " without bins" if options.bins and not choice.variant.bins else ""
    by = f"Stopped by {Asked(history.signal).name}: " if history.signal else ""
    said = f"{by}{counted(len(ensemble.members), 'network')}{learned}, best after {when} of {_epochs(options)} epochs."
    if not options.recipe:
        return said
    if choice.share == 0:
        return f"{said} A linear model decides alone: on rows that they had not seen they are no better."
    if choice.share == 1:
        return f"{said} They decide alone: on rows that they had not seen a linear model is worse."
    percent = min(max(round(100 * choice.share), 1), 99)
    return f"{said} They decide with {percent} %, a linear model with {100 - percent} %: by rows that none had seen."


def together(histories: Sequence[History], seconds: float) -> History:
    """Return the history of networks that learned side by side: the mean of each epoch, over those that had it."""
    there = [each for each in histories if each.epochs]
    if not there:
        return History({"cost": []}, signal=next((each.signal for each in histories if each.signal), 0))
    most = max(each.epochs for each in there)
    names = [name for name in there[0] if all(name in each for each in there)]
    lines = {
        name: [float(np.mean([x[name][e] for x in there if len(x[name]) > e])) for e in range(most)]
        for name in names
    }
    times = [seconds * (e + 1) / most for e in range(most)]
    signal = next((each.signal for each in histories if each.signal), 0)
    return History(lines, times, there[0].stopped, there[0].best_epoch, False, signal, there[0].engine)
