"""Model files: one safetensors file, the architecture as JSON in its metadata, no pickle.

A file is written beside its place and renamed, and bears a checksum of all it holds: no damaged one loads.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule import plain
from chainrule.disk import begins_as_text, check_file, write_bytes
from chainrule.errors import (
    ChainruleError,
    DataError,
    FileFormatError,
    MissingFileError,
    MissingLibraryError,
    needing,
    short,
)
from chainrule.nn import losses, specs
from chainrule.nn.settings import Names

FORMAT = 1
KEY, CHECKSUM = "chainrule", "checksum"
FITS = "fits"  # what the header of a checkpoint has, in place of a network
# Where a meaning changes, FORMAT grows by one, and the older number leads here to what makes configuration and arrays
# one newer. What is only renamed has a line in `plain.OLD_NAMES` instead.
UPGRADES: dict[int, Callable[[Any, Any], tuple[Any, Any]]] = {}


@dataclass(frozen=True)
class Saved:
    """A network as a file has it, beside its arrays.

    Attributes:
        batch: How many rows a batch of the last fit had, where states go on from batch to batch.
    """

    architecture: dict[str, Any]
    seed: int
    runs: int
    loss: Any
    extra: dict[str, Any]
    columns: dict[str, tuple[str | int, ...]] = field(default_factory=dict)
    target_columns: tuple[str | int, ...] = ()
    batch: int | None = None

    def config(self) -> dict[str, Any]:
        """Return what is written; what older versions do not know, only where there is some."""
        return {name: each for name, each in vars(self).items() if name != "batch" or each is not None}


def write(path: Any, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a model file; whoever reads ``path`` meanwhile finds the old file or the new one, whole."""
    with needing("A model file"):
        from safetensors.numpy import save  # noqa: PLC0415 -- needed for files alone

    try:
        header = json.dumps({"format": FORMAT, **config}, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(
            f"What is to be saved beside the network must be plain data for JSON: {error}."
        ) from None
    whole = {k: np.asarray(v, order="C") for k, v in arrays.items()}  # a number stays one, without axes
    write_bytes(path, _ordered(save(whole, metadata={KEY: header, CHECKSUM: _checksum(header, whole)})))


def _ordered(blob: bytes) -> bytes:
    """Return a file whose metadata stands in one order: the library takes another each time."""
    size = int.from_bytes(blob[:8], "little")
    head = json.loads(blob[8 : 8 + size])
    head["__metadata__"] = dict(sorted(head["__metadata__"].items()))
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + blob[8 + size :]


def _checksum(header: str, arrays: Mapping[str, np.ndarray]) -> str:
    found = hashlib.blake2b(header.encode(), digest_size=16)
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def read(
    path: Any, what: str = "model file", remedy: str = "Save the network again, or fetch the file again."
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return configuration and arrays of a file; ``what`` it is to be, and what to do where it is damaged."""
    with needing("A model file"):
        from safetensors import SafetensorError, safe_open  # noqa: PLC0415 -- needed for files alone

    try:
        file = os.fsdecode(path)
        exists, folder = os.path.exists(file), os.path.isdir(file)
    except (TypeError, ValueError):
        raise DataError(f"Cannot read {path!r}: it is no file name.") from None
    if not exists:
        raise MissingFileError(f"There is no file {file}.")
    if folder:
        raise FileFormatError(f"{file} is a folder; expected a {what}.")
    check_file(file)
    try:
        with safe_open(file, framework="numpy") as opened:
            metadata = opened.metadata() or {}
            if KEY not in metadata:
                raise FileFormatError(
                    f"{file} is a safetensors file of another program: it holds no chainrule network. "
                    "Load files that network.save wrote."
                )
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 -- it is no dict
        if _checksum(metadata[KEY], arrays) != metadata.get(CHECKSUM):
            raise ValueError("its checksum does not fit its contents")
        config = json.loads(metadata[KEY], parse_constant=_finite, parse_float=_finite)
    except FileFormatError:
        raise
    except (
        *(SafetensorError, ValueError, TypeError, KeyError, AttributeError, OSError),
        *(RecursionError, OverflowError, MemoryError),
    ) as error:
        if what == "model file" and begins_as_text(file):
            raise FileFormatError(
                f"{file} is no model but a text, perhaps a table (cr.read_table({str(file)!r}) reads one)."
            ) from None
        raise FileFormatError(
            f"{file} is no whole {what}: it is damaged, cut off, or of another kind ({_told(error)}). {remedy}"
        ) from None
    for version in range(_version(file, config), FORMAT):
        with trouble(file):
            config, arrays = UPGRADES[version](config, arrays)
    return {key: value for key, value in config.items() if key != "format"}, arrays


def _finite(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError(f"it holds the number {text[:20]}")
    return float(text)


def _version(file: str, config: Any) -> int:
    version = config.get("format") if isinstance(config, dict) else None
    if type(version) is not int or version < 1:
        raise FileFormatError(f"{file} says of itself that it is a chainrule file but has no format number.")
    if version > FORMAT:
        raise FileFormatError(
            f"{file} was written by a newer chainrule (format {short(version)}; this one reads up to {FORMAT}). "
            "Upgrade: pip install --upgrade chainrule."
        )
    return version


@contextmanager
def trouble(path: Any, what: str = "a network that cannot be rebuilt") -> Iterator[None]:
    """Turn what goes wrong while a file's contents are read into one clear error."""
    try:
        yield
    except MissingLibraryError:
        raise
    except Exception as error:
        if isinstance(error, FileFormatError) and str(error).startswith(str(path)):
            raise
        raise FileFormatError(f"{path} holds {what}. {_told(error)}") from error


def _told(error: Exception) -> str:
    """Return what an error says, and never more than the beginning of what a file holds."""
    kind = type(error).__name__
    in_words = isinstance(error, ChainruleError) or kind in ("ValueError", "SafetensorError")
    text = str(error) if in_words else f"{kind}: {error}"
    return text if len(text) <= 600 else f"{text[:600]}…"


@dataclass(frozen=True)
class Missing:
    """A loss of the user's own, which a file names and ``cr.load`` was not given."""

    name: str


def loss_to_config(loss: Any) -> Any:
    """Return a loss as data that JSON can hold: None, a name, or the settings of one of ours."""
    if loss is None or isinstance(loss, str):
        return loss
    if isinstance(loss, Missing):
        return loss.name
    if type(loss) in losses.CLASSES.values():
        return specs.to_config(loss)
    return Names().of(loss, losses.LOSSES)


def loss_from_config(saved: Any, custom: Mapping[str, Any] | None) -> Any:
    """Return the loss that a file names; one of the user's own that was not given is :class:`Missing`."""
    if not isinstance(saved, str):
        return specs.from_config(plain.read(dict[str, Any] | None, saved, "loss"), losses.CLASSES)
    name = plain.renamed("loss", saved)
    if name in losses.LOSSES:
        return name
    mine = specs.own(name, custom)
    return Missing(name) if mine is None else mine
