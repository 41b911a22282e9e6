"""Pictures and sounds to learn from, as arrays: clothes, hand signs, spoken digits.

They lie in one folder, each in a folder of its own, and come from GitHub:

- fashion_mnist: the four files of zalandoresearch/fashion-mnist, in data/fashion, as they are (MIT)
- sign_digits/sign_digits.zip: photographs of ardamavi/Sign-Language-Digits-Dataset, those of each digit in a folder
  of its name, "3/IMG_1118.jpg" (Apache 2.0)
- fsdd/fsdd_train_wav.zip: the recordings of Jakobovski/free-spoken-digit-dataset that are to be learned from, numbers
  5 to 49, "3_theo_12.wav" (CC BY-SA 4.0)

Each has folds: other examples that are asked, none of them twice. Fold 0 is the one on which recipes were chosen.
"""

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

SIDE = 48  # of a hand sign, in pixels
RATE = 8000  # samples a second
WINDOW, HOP, BANDS, FRAMES = 256, 80, 40, 64  # 32 ms, every 10 ms; so many frames hold 95 of 100 clips
FOLDS = 5  # each kind has so many, some have more
FIRST, TAKES = 5, 9  # the least number of a recording, and how many of each speaker and digit are asked
SPEAKERS = ("theo", "yweweler", "george", "jackson", "lucas", "nicolas")
QUIET = 10 ** (-35 / 20)  # of the loudest sample: what is quieter at both ends of a clip is cut off


@dataclass(frozen=True)
class Split:
    """What is learned from, and what is asked afterwards.

    Attributes:
        X: (examples, height, width, channels), or (examples, time, features), float32.
        y: Labels from 0, (examples,).
        X_test: The same of examples that are not learned from.
        y_test: Their labels.
    """

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def clothes(folder: Path, fold: int = 0) -> Split:
    """Return Fashion-MNIST: 60,000 pictures of 28 by 28 and 10,000 to be asked, grey from 0 to 1.

    In fold 0 its own test pictures are asked, in the others ten thousand each of those that were to be learned from.
    """
    parts = [
        (
            idx(folder / "fashion_mnist" / f"{part}-images-idx3-ubyte.gz"),
            idx(folder / "fashion_mnist" / f"{part}-labels-idx1-ubyte.gz"),
        )
        for part in ("t10k", "train")
    ]
    X, y = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    asked = np.arange(len(y)) // 10_000 == fold
    pictures, labels = np.float32(X / 255)[..., np.newaxis], y.astype(np.int64)
    return Split(pictures[~asked], labels[~asked], pictures[asked], labels[asked])


def idx(path: Path) -> np.ndarray:
    """Return the bytes of a gzipped IDX file in their shape."""
    with gzip.open(path) as file:
        content = file.read()
    rank = content[3]
    shape = np.frombuffer(content, ">i4", rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def signs(folder: Path, fold: int = 0) -> Split:
    """Return photographs of hands that show a digit, 48 by 48 in colour; a fifth of each digit is asked."""
    from PIL import Image

    X, y = [], []
    with zipfile.ZipFile(folder / "sign_digits" / "sign_digits.zip") as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith(".jpg")):
            picture = (
                Image.open(io.BytesIO(archive.read(name)))
                .convert("RGB")
                .resize((SIDE, SIDE), Image.Resampling.BOX)
            )
            X.append(np.asarray(picture, np.float32) / 255)
            y.append(int(Path(name).parent.name))
    return stratified(np.stack(X), np.array(y), fold)


def few_signs(folder: Path, fold: int = 0) -> Split:
    """Return the same with ten hands of each digit to learn from: as many as somebody takes pictures of at home."""
    whole = signs(folder, fold)
    kept = np.concatenate([np.flatnonzero(whole.y == digit)[:10] for digit in range(10)])
    return replace(whole, X=whole.X[kept], y=whole.y[kept])


def stratified(X: np.ndarray, y: np.ndarray, fold: int) -> Split:
    """Return a split that asks a fifth of each class: the order is drawn once and for all, and cut in :data:`FOLDS`."""
    rng, asked = np.random.default_rng(0), np.zeros(len(y), bool)
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        first, last = (round(part * len(rows) / FOLDS) for part in (fold, fold + 1))
        asked[rows[first:last]] = True
    learned = rng.permutation(np.flatnonzero(~asked))
    return Split(X[learned], y[learned], X[asked], y[asked])


def spoken(folder: Path, fold: int = 0) -> Split:
    """Return spoken digits as pictures of time by pitch; of each speaker and digit nine recordings are asked."""
    sounds = clips(folder)
    return divided(sounds, np.array([(c.index - FIRST) // TAKES == fold for c in sounds]))


def spoken_by_a_stranger(folder: Path, fold: int = 0) -> Split:
    """Return spoken digits of five speakers to learn from, and those of the sixth to be asked."""
    sounds = clips(folder)
    return divided(sounds, np.array([c.speaker == SPEAKERS[fold] for c in sounds]))


def spoken_step_by_step(folder: Path, fold: int = 0) -> Split:
    """Return the same recordings as series of what each band of pitches is at each time."""
    pictures = spoken(folder, fold)
    return replace(pictures, X=pictures.X[..., 0], X_test=pictures.X_test[..., 0])


@dataclass(frozen=True)
class Clip:
    """A spoken digit.

    Attributes:
        digit: What was said.
        speaker: By whom.
        index: The number of the recording.
        picture: (FRAMES, BANDS), how loud each band of pitches is at each time.
    """

    digit: int
    speaker: str
    index: int
    picture: np.ndarray


def clips(folder: Path) -> list[Clip]:
    """Return all recordings."""
    from scipy.io import wavfile

    found = []
    with zipfile.ZipFile(folder / "fsdd" / "fsdd_train_wav.zip") as archive:
        for name in sorted(archive.namelist()):
            if told := re.search(r"(\d)_(\w+)_(\d+)\.wav$", name):
                rate, samples = wavfile.read(io.BytesIO(archive.read(name)))
                if rate != RATE:
                    raise ValueError(f"{name} has {rate} samples a second, not {RATE}")
                digit, speaker, index = told.groups()
                found.append(Clip(int(digit), speaker, int(index), log_mel(samples)))
    return found


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Return how loud each band of pitches is at each time, (FRAMES, BANDS): log(power + 1e-6) on the mel scale.

    Silence at both ends is cut off and the loudest sample made 1, so that no speaker is known by his microphone.
    """
    from scipy.signal import get_window

    heard = samples / max(np.abs(samples).max(), 1)
    loud = np.flatnonzero(np.abs(heard) > QUIET)
    heard = heard[loud[0] : loud[-1] + 1]
    heard = np.pad(heard, (0, max(0, WINDOW + HOP * (FRAMES - 1) - len(heard))))
    windows = np.lib.stride_tricks.sliding_window_view(heard, WINDOW)[::HOP][:FRAMES]
    power = np.abs(np.fft.rfft(windows * get_window("hann", WINDOW))) ** 2
    return np.float32(np.log(power @ mel_bands() + 1e-6))


def mel_bands() -> np.ndarray:
    """Return what each band takes of each frequency: triangles at equal distances in mel (Davis & Mermelstein 1980)."""
    mel = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), BANDS + 2)
    low, middle, high = ((700 * (10 ** (mel / 2595) - 1))[i : BANDS + i] for i in range(3))
    pitches = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, np.newaxis]
    return np.clip(np.minimum((pitches - low) / (middle - low), (high - pitches) / (high - middle)), 0, None)


def divided(sounds: list[Clip], asked: np.ndarray) -> Split:
    """Return a split of clips, of mean 0 and deviation 1 in those that are learned from."""
    X, y = np.stack([c.picture for c in sounds])[..., np.newaxis], np.array([c.digit for c in sounds])
    X = (X - X[~asked].mean()) / X[~asked].std()
    return Split(X[~asked], y[~asked], X[asked], y[asked])


KINDS: dict[str, Callable[[Path, int], Split]] = {
    f.__name__: f for f in (clothes, signs, few_signs, spoken, spoken_by_a_stranger, spoken_step_by_step)
}
