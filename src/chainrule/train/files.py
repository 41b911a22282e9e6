"""Model files: one safetensors file, the architecture as JSON in its metadata, no pickle.

A file is written beside its place and renamed, and bears a checksum of all it holds: no damaged one loads.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.disk import check_file, write_bytes
from chainrule.errors import ChainruleError, DataError, FileFormatError, MissingFileError
from chainrule.nn import losses, specs
from chainrule.nn.architecture import Names

FORMAT = 1
KEY, CHECKSUM = "chainrule", "checksum"


def write(path: Any, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a model file; whoever reads ``path`` meanwhile finds the old file or the new one, whole."""
    from safetensors.numpy import save  # noqa: PLC0415 -- needed for files alone

    try:
        header = json.dumps({"format": FORMAT, **config}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"What is to be saved beside the network must be plain data for JSON: {error}."
        ) from None
    whole = {k: np.ascontiguousarray(v) for k, v in arrays.items()}
    write_bytes(path, save(whole, metadata={KEY: header, CHECKSUM: _checksum(header, whole)}))


def _checksum(header: str, arrays: Mapping[str, np.ndarray]) -> str:
    found = hashlib.blake2b(header.encode(), digest_size=16)
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def read(path: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return configuration and arrays of a model file."""
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 -- needed for files alone

    try:
        file = Path(path)
        exists, folder = file.exists(), file.is_dir()
    except (TypeError, ValueError):
        raise DataError(f"Cannot read {path!r}: it is no file name.") from None
    if not exists:
        raise MissingFileError(f"There is no file {file}.")
    if folder:
        raise FileFormatError(f"{file} is a folder; expected a model file.")
    check_file(file)
    try:
        with safe_open(str(file), framework="numpy") as opened:
            metadata = opened.metadata() or {}
            if KEY not in metadata:
                raise FileFormatError(
                    f"{file} is a safetensors file of another program: it holds no chainrule network. "
                    "Load files that network.save wrote."
                )
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 -- it is no dict
        if _checksum(metadata[KEY], arrays) != metadata.get(CHECKSUM):
            raise ValueError("its checksum does not fit its contents")
        config = json.loads(metadata[KEY])
    except FileFormatError:
        raise
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        raise FileFormatError(
            f"{file} is no whole model file: it is damaged, cut off, or of another kind ({error}). "
            "Save the network again, or fetch the file again."
        ) from None
    _check_version(file, config)
    return config, arrays


def _check_version(file: Path, config: Any) -> None:
    version = config.get("format") if isinstance(config, dict) else None
    if type(version) is not int or version < 1:
        raise FileFormatError(f"{file} says of itself that it is a chainrule file but has no format number.")
    if version > FORMAT:
        raise FileFormatError(
            f"{file} was written by a newer chainrule (format {version}; this one reads up to {FORMAT}). "
            "Upgrade: pip install --upgrade chainrule."
        )


@contextmanager
def trouble(path: Any) -> Iterator[None]:
    """Turn what goes wrong while a file's contents are read into one clear error."""
    try:
        yield
    except FileFormatError:
        raise
    except (ChainruleError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        detail = str(error) if isinstance(error, ChainruleError) else f"{type(error).__name__}: {error}"
        raise FileFormatError(f"{path} holds a network that cannot be rebuilt. {detail}") from error


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
    if isinstance(saved, str) and saved not in losses.LOSSES:
        mine = specs.own(saved, custom)
        return Missing(saved) if mine is None else mine
    return specs.from_config(saved, losses.CLASSES)
