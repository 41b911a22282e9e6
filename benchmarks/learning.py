"""Networks that learn to see and to hear: python -m benchmarks.learning --data FOLDER.

Each recipe is a network in the words of the library, trained on all that there is to learn from, and asked once about
what it has never seen. Recipes were chosen by what they got right in fold 0, so that figure flatters; ``--splits``
learns and asks anew in other folds, whose answers chose nothing. ``--ablate`` leaves out each layer in turn that
changes what is learned from, and says what that costs.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

import chainrule as cr
from benchmarks import machine
from benchmarks.kinds import FOLDS, KINDS, Split

CLASSES = 10
TURNS = 16  # directions of an edge, all around
STRONGER = 3.0  # times, what a filter must answer an edge more than the same edge turned by a quarter


@dataclass(frozen=True)
class Recipe:
    """A network, and how it learns.

    Attributes:
        name: What ``--recipes`` calls it, and what :data:`benchmarks.kinds.KINDS` does.
        words: What the table calls it.
        body: All layers but the last, as a function of pictures or sequences.
        epochs: How often all examples are seen.
        changes: The layers that change what is learned from, in the order in which they stand.
        goal: The share that must be right; 0 for none.
        peak: The highest learning rate.
        batch_size: Examples a step.
        smoothing: What of the right class is spread over all.
    """

    name: str
    words: str
    body: Callable[[Any], Any]
    epochs: int
    changes: tuple[cr.Layer, ...] = ()
    goal: float = 0.0
    peak: float = 5e-3
    batch_size: int = 64
    smoothing: float = 0.05


def normed(x: Any, filters: int, size: int = 3, strides: int = 1, activation: str = "relu") -> Any:
    """Return a convolution, normalized and activated, of as many places as x has, or of one in so many."""
    x = cr.Conv2D(filters, size, strides, padding="same", use_bias=False)(x)
    return cr.Activation(activation)(cr.BatchNormalization()(x))


def small(x: Any) -> Any:
    """Return two convolutions and a dense layer over all places: many epochs in little time."""
    x = cr.MaxPooling2D()(normed(x, 16, 5))
    x = cr.Dropout(0.25)(cr.Flatten()(cr.MaxPooling2D()(normed(x, 32))))
    x = cr.Activation("relu")(cr.BatchNormalization()(cr.Dense(128, use_bias=False)(x)))
    return cr.Dropout(0.25)(x)


def hands(x: Any) -> Any:
    """Return five convolutions, one of them around a shortcut, and the largest of each feature over all places."""
    x = cr.MaxPooling2D()(normed(normed(x, 24, 5, 2, "gelu"), 48, activation="gelu"))
    x = cr.MaxPooling2D()(normed(normed(x, 48, activation="gelu"), 96, activation="gelu"))
    return cr.GlobalMaxPooling2D()(cr.Add()([x, normed(x, 96, activation="gelu")]))


def sounds(x: Any) -> Any:
    """Return four convolutions, one of them around a shortcut, and the largest of each feature over all places."""
    x = cr.MaxPooling2D()(normed(x, 16))
    x = cr.MaxPooling2D()(normed(x, 32))
    x = normed(x, 64)
    return cr.Dropout(0.25)(cr.GlobalMaxPooling2D()(cr.Add()([x, normed(x, 64)])))


def step_by_step(x: Any) -> Any:
    """Return the largest of what units that go through a sequence both ways have put out at any step."""
    x = cr.Bidirectional(cr.GRU(64, return_sequences=True))(x)
    return cr.Dropout(0.3)(cr.GlobalMaxPooling1D()(x))


RECIPES = (
    Recipe(
        "clothes", "Fashion-MNIST, 60,000 pictures of 28×28", small, 10, (cr.RandomFlip("horizontal"),), 0.915,
        batch_size=128,
    ),
    Recipe(
        "signs", "hand signs, 1,488 photographs of 48×48 in colour", hands, 16, goal=0.98, peak=1e-2, batch_size=32,
        smoothing=0.1,
    ),
    Recipe(
        "few_signs", "the same, but ten photographs of each sign to learn from", hands, 60,
        (
            cr.RandomContrast(0.3), cr.RandomRotation(0.04), cr.RandomZoom(0.15), cr.RandomTranslation(0.1, 0.1),
        ),
        batch_size=16, smoothing=0.1,
    ),
    Recipe(
        "spoken", "spoken digits, 2,160 clips of six speakers", sounds, 12, goal=0.985, peak=1e-2, batch_size=32,
        smoothing=0.1,
    ),
    Recipe(
        "spoken_by_a_stranger", "the same, asked of a speaker who was not learned from", sounds, 12,
        (cr.RandomTranslation(0.125, 0.05),), peak=1e-2, batch_size=32, smoothing=0.1,
    ),
    Recipe(
        "spoken_step_by_step", "spoken digits of six speakers again, by a GRU both ways", step_by_step, 12,
        batch_size=32, smoothing=0.1,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Learned:
    """What became of a recipe.

    Attributes:
        network: As it is after training.
        filters: Those of the first convolution before and after.
        right: The share of what was asked that is right.
        seconds: What the training took, compiling included.
        busy: What it took of the processor, all cores together.
    """

    network: cr.Network
    filters: tuple[np.ndarray, np.ndarray]
    right: float
    seconds: float
    busy: float


def learn(recipe: Recipe, split: Split, changes: Sequence[cr.Layer], seed: int) -> Learned:
    """Train a network anew and ask it.

    Args:
        recipe: How.
        split: From what, and about what.
        changes: The layers that change what is learned from: all of the recipe's, or some.
        seed: Of weights, order and changes.
    """

    def classes(picture: Any) -> Any:
        for layer in changes:
            picture = layer(picture)
        return cr.Dense(CLASSES, "softmax")(recipe.body(picture))

    network = cr.Network(classes, inputs={"picture": split.X.shape[1:]}, seed=seed)
    first = network.parameters["W1"].copy()
    began, busy = time.perf_counter(), time.process_time()
    network.fit(
        split.X,
        split.y,
        loss=cr.CategoricalCrossentropy(recipe.smoothing),
        optimizer=cr.AdamW(cr.OneCycle(recipe.peak)),
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
    )
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    return Learned(network, (first, network.parameters["W1"]), asked(split, network, changes), seconds, busy)


def asked(split: Split, network: cr.Network, changes: Sequence[cr.Layer]) -> float:
    """Return the share of what is asked that a network gets right; what was learned mirrored is asked so as well."""
    p = network.predict(split.X_test)
    if any(isinstance(layer, cr.RandomFlip) for layer in changes):
        p = p + network.predict(np.ascontiguousarray(split.X_test[:, :, ::-1]))
    return float(np.mean(np.argmax(p, axis=1) == split.y_test))


def directed(W: np.ndarray) -> float:
    """Return the share of filters that answer an edge in one direction, and hardly the same edge turned by a quarter.

    An edge is a step from dark to light through the middle of the window, an answer what relu lets through. Of all
    directions the one that a filter answers most is compared with that direction turned by a quarter. The mean of a
    filter, which answers even light, is left out.

    Args:
        W: (size, size, 1, filters).
    """
    places = np.arange(len(W)) - (len(W) - 1) / 2
    angles = 2 * np.pi * np.arange(TURNS) / TURNS
    down, right = np.outer(np.sin(angles), places), np.outer(np.cos(angles), places)
    # How far each pixel lies in the direction of an angle; rounded, for the cosine of a right angle is not 0.
    steps = np.sign(np.round(down[:, :, np.newaxis] + right[:, np.newaxis, :], 9))
    answers = np.maximum(np.einsum("aij,ijcf->af", steps, W - W.mean(axis=(0, 1))), 0)
    turned = np.take_along_axis(answers, (answers.argmax(axis=0) + TURNS // 4)[np.newaxis] % TURNS, axis=0)[0]
    return float(np.mean(answers.max(axis=0) > STRONGER * turned + 1e-9))


def ablated(recipe: Recipe, split: Split, seeds: int) -> list[str]:
    """Return a line for each layer that changes what is learned from: what it brings."""

    def right(changes: Sequence[cr.Layer]) -> float:
        return mean(learn(recipe, split, changes, seed).right for seed in range(seeds))

    whole = right(recipe.changes)
    lines = [f"| {recipe.words} | none | {right(()):.4f} | {whole:.4f} |"] if len(recipe.changes) > 1 else []
    for layer in recipe.changes:
        rest = right([c for c in recipe.changes if c is not layer])
        lines.append(f"| {recipe.words} | without {layer!r} | {rest:.4f} | {whole:.4f} |")
    return lines


def elsewhere(recipe: Recipe, splits: Sequence[Split], seed: int) -> str:
    """Return a line on what a recipe gets right in splits that had no part in choosing it."""
    found, goal = [learn(recipe, split, recipe.changes, seed).right for split in splits], recipe.goal or "–"
    return f"| {recipe.words} | {mean(found):.4f} | {min(found):.4f} to {max(found):.4f} | {len(found)} | {goal} |"


def main() -> None:
    """Learn what the command line asks for."""
    known = {recipe.name: recipe for recipe in RECIPES}
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--recipes", nargs="+", choices=known, default=list(known))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--epochs", type=int, help="how often all examples are seen, in place of the recipe's"
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--splits", type=int, choices=range(1, FOLDS), help="ask so many folds that chose nothing"
    )
    other.add_argument(
        "--ablate", type=int, metavar="SEEDS", help="leave out each change in turn, so many times each"
    )
    given = parser.parse_args()
    print(machine.description())
    if given.splits:
        print("| recipe | right, mean | from, to | splits | goal |\n| --- | ---: | ---: | ---: | ---: |")
    elif given.ablate:
        print("| recipe | changes | right | with all |\n| --- | --- | ---: | ---: |")
    else:
        print(
            "| recipe | parameters | epochs | training | of the cores | right | goal |\n| --- |"
            + 6 * " ---: |"
        )
    for name in given.recipes:
        recipe = known[name] if given.epochs is None else replace(known[name], epochs=given.epochs)
        folds = range(1, given.splits + 1) if given.splits else (0,)
        try:
            splits = [KINDS[name](given.data, fold) for fold in folds]
        except FileNotFoundError as error:
            parser.error(f"{error.filename} is not there; benchmarks/kinds.py says where it comes from.")
        if given.splits:
            print(elsewhere(recipe, splits, given.seed), flush=True)
            continue
        (split,) = splits
        if given.ablate:
            print(*ablated(recipe, split, given.ablate), sep="\n", flush=True)
            continue
        found = learn(recipe, split, recipe.changes, given.seed)
        size, goal = sum(w.size for w in found.network.parameters.values()), recipe.goal or "–"
        times = f"{found.seconds:.1f} s | {found.busy:.1f} s"
        print(
            f"| {recipe.words} | {size:,} | {recipe.epochs} | {times} | {found.right:.4f} | {goal} |",
            flush=True,
        )
        if found.filters[0].shape[:3] == (5, 5, 1):
            before, after = (directed(W) for W in found.filters)
            told = f"{after:.0%} of its first filters answer edges of one direction, {before:.0%} before training"
            print(f"\n{told}.\n", flush=True)


if __name__ == "__main__":
    main()
