"""The changes that a training is tried with: what the user would write, and the case that it makes."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explaining.doctor.blueprints import with_settings as with_settings
from chainrule.explaining.doctor.cases import Case
from chainrule.train.schedules import Constant, Schedule, schedule

SMALL = 1e-9


@dataclass(frozen=True, eq=False)
class Change:
    """One change to a training.

    Attributes:
        write: What the user would write, exactly; changes that write the same are the same.
        done: How a sentence about its trial begins: "With a tenth of the rate".
        make: Returns the changed case.
        against_trained: Whether it is held against the network as the user trained it, and not against that training
            done again: where what is changed is what that network began with, set by hand.
    """

    write: str
    done: str
    make: Callable[[Case], Case]
    against_trained: bool = False


def together(first: Change, second: Change) -> Change:
    """Make two changes at once."""
    done = f"{first.done}, and {second.done[:1].lower()}{second.done[1:]}"
    return Change(f"{first.write}, {second.write}", done, lambda case: second.make(first.make(case)))


# --- how it descends -----------------------------------------------------------------------------------


def rate_of(case: Case) -> float:
    """Return the learning rate of the first step, or the highest of a schedule; 0 where there is none."""
    given = getattr(case.job.optimizer, "learning_rate", None)
    if given is None:
        return 0.0
    total = float(max(1, case.steps * case.job.epochs))
    plan = schedule(given)
    with np.errstate(all="ignore"):
        rates = [float(plan.at(t, total, float(case.steps))) for t in np.linspace(0, total - 1, 50).round()]
    return max(rates)


def rate_times(case: Case, factor: float) -> Change:
    """Multiply the learning rate, of a schedule too."""
    rate = float(f"{rate_of(case) * factor:.2g}")
    given: Any = getattr(case.job.optimizer, "learning_rate", None)
    new: Any = rate if isinstance(given, int | float) else _scaled(given, factor)
    told = f"{rate:g}" if isinstance(given, int | float) else written(new)
    return _of_optimizer(case, {"learning_rate": new}, f"With the learning rate {told}")


def constant_rate(case: Case, rate: float | None = None) -> Change:
    """Hold the learning rate where its schedule is highest, or at ``rate``."""
    found = float(f"{rate_of(case) if rate is None else rate:.2g}")
    return _of_optimizer(case, {"learning_rate": found}, f"With the constant learning rate {found:g}")


def optimizer_with(case: Case, done: str, **settings: Any) -> Change:
    """Change settings of the optimizer: ``momentum=0.9``, ``clip_norm=None`` ..."""
    return _of_optimizer(case, settings, done)


def _of_optimizer(case: Case, settings: dict[str, Any], done: str) -> Change:
    new = dataclasses.replace(case.job.optimizer, **settings)

    def make(case: Case) -> Case:
        return case.but(optimizer=dataclasses.replace(case.job.optimizer, **settings))

    return Change(f"optimizer={written(new)}", done, make)


def written(thing: Any) -> str:
    """Return an optimizer, a schedule or a loss as it is written: what is as by default is left out."""
    if isinstance(thing, Multiplied):
        return f"{written(thing.plan)} * {thing.factor:g}"
    if not dataclasses.is_dataclass(thing):
        called = getattr(thing, "__name__", "")  # a function of the user's
        return called or re.sub(r"^<\S*?(\w+) object at 0x\w+>$", r"\1()", repr(thing))
    parts: list[str] = []
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        first = field.name in ("learning_rate", "rate", "peak") and not parts
        if not field.init or (
            not first and field.default is not dataclasses.MISSING and value == field.default
        ):
            continue
        named = "" if first else f"{field.name}="
        parts.append(f"{named}{written(value)}")
    return f"{'cr.' if _is_ours(thing) else ''}{type(thing).__name__}({', '.join(parts)})"


def _is_ours(thing: Any) -> bool:
    return type(thing).__module__.startswith("chainrule.")


@dataclass(frozen=True)
class Multiplied(Schedule):
    """A schedule of the user's, each of its rates times a factor."""

    plan: Schedule
    factor: float

    def at(self, step: Any, total: Any, per_epoch: Any) -> Any:
        """Return the rate."""
        return self.plan.at(step, total, per_epoch) * self.factor


def _scaled(plan: Any, factor: float) -> Any:
    """Return a schedule of rates that are all multiplied."""
    if isinstance(plan, Constant):
        return Constant(plan.rate * factor)
    if not _is_ours(plan) or {"rate", "peak", "schedule"}.isdisjoint(vars(plan)):
        return Multiplied(plan, factor)
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(plan):
        value = getattr(plan, field.name)
        if isinstance(value, Schedule):
            changed[field.name] = _scaled(value, factor)
        elif field.name in ("rate", "peak", "minimum") or field.name == "schedule":
            changed[field.name] = value * factor
    return dataclasses.replace(plan, **changed)


def batch_of(size: int | None) -> Change:
    """Take other batches."""
    return Change(f"batch_size={size}", f"In batches of {size}", lambda case: case.but(batch_size=size))


def epochs_of(epochs: int) -> Change:
    """Train for more epochs, or fewer; what stops early does so still."""
    return Change(f"epochs={epochs}", f"After {epochs:,} epochs", lambda case: case.but(epochs=epochs))


def class_weight(weights: Any = "balanced") -> Change:
    """Weigh the classes."""
    return Change(
        f"class_weight={weights!r}", "With classes weighed alike", lambda case: case.but(class_weight=weights)
    )


# --- what is learned from ------------------------------------------------------------------------------


def standardised(case: Case, name: str | None = None) -> Change:
    """Scale each column of the inputs, or of one of several, to mean 0 and deviation 1; channels of pictures as one."""
    chosen = [name] if name is not None else [k for k, t in case.inputs.items() if t.dtype.kind == "f"]
    what = "X" if len(case.inputs) == 1 else f"X[{chosen[0]!r}]"
    table = case.inputs[chosen[0]] if chosen else np.zeros((1, 1))
    axes = tuple(range(table.ndim - 1)) if table.ndim > 2 else 0
    shift = " + 1e-9" if (table.std(axis=axes) == 0).any() else ""
    deviation = f"({what}.std({axes}){shift})" if shift else f"{what}.std({axes})"

    def make(case: Case) -> Case:
        def moved(tables: Any) -> dict[str, np.ndarray]:
            found = dict(tables)
            for each in chosen:
                own = case.inputs[each]
                along = tuple(range(own.ndim - 1)) if own.ndim > 2 else 0
                found[each] = (found[each] - own.mean(axis=along)) / (own.std(axis=along) + SMALL)
            return found

        return with_inputs(case, moved)

    return Change(f"{what} = ({what} - {what}.mean({axes})) / {deviation}", "Standardised", make)


def with_inputs(case: Case, change: Callable[[Any], dict[str, np.ndarray]]) -> Case:
    """Return a case whose inputs, those of validation too, went through ``change``."""
    validation = case.validation and (change(case.validation[0]), case.validation[1])
    return case.but(inputs=change(case.inputs), validation=validation)


def columns_as(
    columns: Sequence[int], change: Callable[[np.ndarray], np.ndarray], write: str, done: str
) -> Change:
    """Repair some columns of a table: ``change`` is given them, ``(rows, columns)``, and returns as many."""

    def make(case: Case) -> Case:
        def moved(tables: Any) -> dict[str, np.ndarray]:
            ((name, table),) = tables.items()
            table = np.array(table)
            table[:, list(columns)] = change(table[:, list(columns)])
            return {name: table}

        return with_inputs(case, moved)

    return Change(write, done, make)


def without_columns(columns: Sequence[int], names: Sequence[str] = ()) -> Change:
    """Leave columns of a table out; in a trial they are 0 in every row, so that the network stays as it is."""
    which = ", ".join(map(str, columns))
    write = f"X = X.drop(columns={list(names)!r})" if names else f"X = np.delete(X, [{which}], axis=1)"
    return columns_as(columns, np.zeros_like, write, f"Without column{'s' * (len(columns) > 1)} {which}")


def targets_standardised(case: Case) -> Change:
    """Scale the targets to mean 0 and deviation 1; what is predicted is judged on the user's scale."""
    several = case.targets.ndim > 1 and case.targets.shape[1] > 1
    axis: Any = 0 if several else None

    def make(case: Case) -> Case:
        y = np.asarray(case.targets, np.float64)
        mean, deviation = y.mean(axis=axis), y.std(axis=axis) + SMALL
        factor, offset = case.unscale
        validation = case.validation and (case.validation[0], (case.validation[1] - mean) / deviation)
        return case.but(
            targets=(y - mean) / deviation,
            unscale=(factor * deviation, offset + factor * mean),
            validation=validation,
        )

    inside = "0" if several else ""
    return Change(f"y = (y - y.mean({inside})) / y.std({inside})", "With scaled targets", make)


# --- what learns ---------------------------------------------------------------------------------------


def each_layer(write: str, done: str, change: Callable[[Any], Any]) -> Change:
    """Put another layer in the place of each, as ``change`` says; what is drawn as graph has as many of them."""
    return Change(write, done, lambda case: case.but(blueprint=case.blueprint.each(change)))


def chain_as(write: str, done: str, change: Callable[[list[Any]], list[Any]]) -> Change:
    """Put other layers in the place of a list of them."""
    return Change(
        write,
        done,
        lambda case: case.but(blueprint=case.blueprint.with_chain(change(list(case.blueprint.chain)))),
    )


def default_initializers() -> Change:
    """Let weights begin as layers draw them by default."""
    return each_layer(
        "initializer=None, the default, in every layer",
        "With the default initial weights",
        lambda layer: with_settings(layer, initializer=None),
    )


def begun_anew() -> Change:
    """Let the weights begin as the layers draw them, where they were set to others by hand: the training done again."""
    return Change(
        "network.initialize() before fit, and no weights or biases set by hand",
        "From weights as the layers draw them",
        lambda case: case,
        True,
    )


def has_initializers(case: Case) -> bool:
    """Say whether a layer has an initializer that is not its default."""
    return any(getattr(layer, "initializer", None) is not None for layer in case.layers)


def hidden_kinds(case: Case) -> set[str]:
    """Return what the activations of all layers but the last are called; "" for functions of the user's."""
    given = [layer.activation for layer in case.layers[:-1] if hasattr(layer, "activation")]
    return {a if isinstance(a, str) else "identity" if a is None else "" for a in given}


def hidden_activation(kind: str, of: Callable[[Any], bool] = lambda layer: True) -> Change:
    """Give hidden layers another activation; the last one keeps its own."""

    def make(case: Case) -> Case:
        last = case.layers[-1]
        return case.but(
            blueprint=case.blueprint.each(
                lambda layer: (
                    with_settings(layer, activation=kind, initializer=None)
                    if layer is not last and of(layer)
                    else layer
                )
            )
        )

    return Change(f"activation={kind!r} in the hidden layers", f"With {kind} in the hidden layers", make)


def output_as(activation: str | None, loss: Any) -> Change:
    """Give the last layer another activation, and the training another loss."""

    def make(case: Case) -> Case:
        last = case.layers[-1]
        changed = case.blueprint.each(
            lambda layer: with_settings(layer, activation=activation) if layer is last else layer
        )
        return case.but(blueprint=changed, loss=loss)

    return Change(
        f"activation={activation!r} in the last layer, loss={written(loss)}",
        f"With {activation or 'no activation'} and {_called(loss)}",
        make,
    )


def last_activation(kind: str | None) -> Change:
    """Give the last layer another activation; the loss stays."""

    def make(case: Case) -> Case:
        last = case.layers[-1]
        return case.but(
            blueprint=case.blueprint.each(
                lambda layer: with_settings(layer, activation=kind) if layer is last else layer
            )
        )

    return Change(
        f"activation={kind!r} in the last layer", f"With {kind or 'no activation'} at the end", make
    )


def classes_as(count: int) -> Change:
    """Learn whole numbers as classes: a softmax of as many units. What is judged is the number to be expected."""

    def make(case: Case) -> Case:
        last = case.layers[-1]
        changed = case.blueprint.each(
            lambda layer: (
                with_settings(layer, units=count, activation="softmax", initializer=None)
                if layer is last
                else layer
            )
        )
        return case.but(
            blueprint=changed,
            loss="categorical_crossentropy",
            targets=case.targets.reshape(len(case.targets)).astype(np.int64),
            read=lambda said: said @ np.arange(count),
        )

    return Change(
        f'cr.Dense({count}, "softmax") as the last layer, loss="categorical_crossentropy"',
        "As classes",
        make,
    )


def loss_of(loss: Any) -> Change:
    """Take another loss."""
    return Change(f"loss={written(loss)}", f"With the loss {_called(loss)}", lambda case: case.but(loss=loss))


def _called(loss: Any) -> str:
    return loss if isinstance(loss, str) else written(loss)
