"""Recurrent networks that learn to write and to foretell: python -m benchmarks.sequences --data FOLDER.

Each is trained on what there is to learn from and asked once about what it has never seen, beside what can be had
without a network: letters counted, last year's figures.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import numpy as np

import chainrule as cr
from benchmarks import machine
from benchmarks.forecasts import SEASON, Forecast, last_year, passengers, rolling, theta
from benchmarks.texts import Texts, by_counting, names, shakespeare, streams

STREAMS, STEPS = 32, 64  # of Shakespeare: so many places are read at the same time, so many letters a piece
UNITS = 512  # that read him
WRITTEN, BOLDNESS = 600, 0.8  # how many letters are written, and what probabilities are sharpened with
END, START = 0, 27  # of names, whose letters are 1 to 26
PAST = 2 * SEASON  # months that a forecast looks at
SEEDS = 3  # networks of which the median is foretold


def write_plays(folder: Path, seed: int, epochs: int | None) -> None:
    """Learn letter by letter from Shakespeare's plays, in streams whose state is carried over, and write some."""
    texts = shakespeare(folder)
    network = cr.Network(
        [
            cr.Embedding(len(texts.letters), 64),
            cr.LSTM(UNITS, return_sequences=True, stateful=True),
            cr.Dropout(0.25),
            cr.Dense(len(texts.letters), "softmax"),
        ],
        input_shape=(None,),
        seed=seed,
    )
    X, y = streams(texts.numbers(texts.learned[0]), STREAMS, STEPS)
    seconds, busy = spent(
        lambda: network.fit(
            X,
            y,
            optimizer=cr.AdamW(cr.OneCycle(4e-3, rise=0.1), clip_norm=1.0),
            batch_size=STREAMS,
            epochs=epochs or 8,
            shuffle=False,
        )
    )
    X, y = streams(texts.numbers(texts.asked[0]), STREAMS, STEPS)
    network.reset_states()
    p = np.take_along_axis(network.predict(X), y[..., np.newaxis], axis=-1)
    counted = by_counting(texts.learned, texts.asked, 6)
    print(
        f"| plays, nats a letter | counting five letters back | LSTM {UNITS} | goal | training | of the cores |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    print(
        f"| {size(network)} | {counted:.3f} | {-np.log(p).mean():.3f} | 1.50 | {seconds:.0f} s | {busy:.0f} s |"
    )
    print("\nIt writes:\n\n" + indent(written(network, texts, seed), "    "))


def written(network: cr.Network, texts: Texts, seed: int) -> str:
    """Return a text that a stateful network writes: each letter is drawn, and given to it as the next."""
    network.reset_states()
    rng, found = np.random.default_rng(seed), "\n"
    for _ in range(WRITTEN):
        p = network.predict(texts.numbers(found[-1])[np.newaxis])[0, -1]
        found += texts.letters[drawn(p, BOLDNESS, rng)]
    return found.strip()


def drawn(p: np.ndarray, boldness: float, rng: np.random.Generator) -> int:
    """Return a number by its probability; below 1, boldness favours what is likely."""
    sharpened = np.float64(p) ** (1 / boldness)
    return int(rng.choice(len(p), p=sharpened / sharpened.sum()))


def invent_names(folder: Path, seed: int, epochs: int | None) -> None:
    """Learn first names, of different lengths, and invent some."""
    texts = names(folder)
    network = cr.Network(
        [
            cr.Embedding(START + 1, 32, mask_zero=True),
            cr.GRU(128, return_sequences=True),
            cr.Dropout(0.2),
            cr.Dense(START, "softmax"),
        ],
        seed=seed,
    )
    X, y = numbered(texts, texts.learned)
    optimizer = cr.AdamW(cr.OneCycle(6e-3))
    seconds, busy = spent(lambda: network.fit(X, y, optimizer=optimizer, batch_size=128, epochs=epochs or 15))
    found = network.evaluate(*numbered(texts, texts.asked))["cost"]
    marked = [[f".{name}." for name in part] for part in (texts.learned, texts.asked)]
    print("| names, nats a letter | counting four letters back | GRU 128 | goal | training | of the cores |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    counted = by_counting(*marked, 5, first=1)
    print(f"| {size(network)} | {counted:.3f} | {found:.3f} | 2.05 | {seconds:.0f} s | {busy:.0f} s |")
    known = {*texts.learned, *texts.asked}
    made = [invented(network, texts, np.random.default_rng([seed, number])) for number in range(12)]
    new = sum(name not in known for name in made)
    print(f"\nIt invents {', '.join(made)}; {new} of these {len(made)} are in no list.")


def numbered(texts: Texts, found: tuple[str, ...]) -> tuple[list[list[int]], list[list[int]]]:
    """Return what a network is given of each name, and what it is to answer: the next letter, and the end."""
    letters = [[int(n) + 1 for n in texts.numbers(name)] for name in found]
    return [[START, *name] for name in letters], [[*name, END] for name in letters]


def invented(network: cr.Network, texts: Texts, rng: np.random.Generator) -> str:
    """Return a name that a network makes up, letter by letter."""
    found = [START]
    while len(found) < 16:
        given = np.array([found + [0] * (16 - len(found))])
        letter = drawn(network.predict(given)[0, len(found) - 1], 1.0, rng)
        if letter == END:
            break
        found.append(letter)
    return "".join(texts.letters[letter - 1] for letter in found[1:])


def foretell_passengers(folder: Path, seed: int, epochs: int | None) -> None:
    """Foretell the passengers of the next year, from thirteen months of which nothing later was known."""
    y = passengers(folder)
    print("| passengers, 12 months ahead | MASE | of the first month | sMAPE | training |")
    print("| --- | ---: | ---: | ---: | ---: |")
    methods: dict[str, Forecast] = {
        "what it was a year before": last_year,
        "Theta": theta,
        f"LSTM 32, median of {SEEDS}": lambda known: by_network(known, seed, epochs or 120),
    }
    for words, forecast in methods.items():
        began = time.perf_counter()
        found = rolling(y, forecast)
        seconds = time.perf_counter() - began
        print(
            f"| {words} | {found.scaled:.3f} | {found.first:.3f} | {found.percent:.2f} | {seconds:.1f} s |",
            flush=True,
        )


def by_network(y: np.ndarray, seed: int, epochs: int) -> np.ndarray:
    """Foretell a year by what an LSTM adds to the year before: of logarithms, over the last one that is known."""
    z = np.log(y)
    windows = np.lib.stride_tricks.sliding_window_view(z, PAST + SEASON)
    rows = windows[:, :PAST], windows[:, PAST:]
    past, ahead = (part - windows[:, PAST - 1 : PAST] for part in rows)
    spread = past.std()
    now = (z[-PAST:] - z[-1])[np.newaxis, :, np.newaxis] / spread

    def year(x: cr.Node) -> cr.Node:
        return cr.Dense(SEASON)(cr.LSTM(32)(x)) + x[:, PAST - SEASON :, 0]

    found = []
    for number in range(SEEDS):
        network = cr.Network(year, inputs={"x": (PAST, 1)}, seed=seed + number)
        optimizer = cr.AdamW(cr.Cosine(5e-3), weight_decay=0.05)
        network.fit(
            past[..., np.newaxis] / spread, ahead / spread, loss="mae", optimizer=optimizer, epochs=epochs
        )
        found.append(network.predict(now)[0])
    return np.exp(np.median(found, axis=0) * spread + z[-1])


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that work took, and those of the processor, all cores together."""
    began, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - busy


def size(network: cr.Network) -> str:
    """Return how many numbers a network learns."""
    return f"{sum(w.size for w in network.parameters.values()):,} parameters"


PROGRAMS: dict[str, Callable[[Path, int, int | None], None]] = {
    "plays": write_plays,
    "names": invent_names,
    "passengers": foretell_passengers,
}


def main() -> None:
    """Learn what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sequences", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--epochs", type=int, help="how often all is seen, in place of what each program says"
    )
    given = parser.parse_args()
    print(machine.description())
    for name in given.programs:
        print()
        try:
            PROGRAMS[name](given.data, given.seed, given.epochs)
        except FileNotFoundError as error:
            parser.error(
                f"{error.filename} is not there; benchmarks/texts.py and forecasts.py say where it is from."
            )


if __name__ == "__main__":
    main()
