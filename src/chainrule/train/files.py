"""Model files: one safetensors file, the architecture as JSON in its metadata, no pickle; written beside and renamed."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, DataError, FileFormatError, MissingFileError
from chainrule.nn import losses, specs

FORMAT = 1
KEY = "chainrule"


def write(path: Any, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a model file; whoever reads ``path`` meanwhile finds the old file or the new one, whole."""
    from safetensors.numpy import save  # noqa: PLC0415 -- needed for files alone

    try:
        header = json.dumps({"format": FORMAT, **config}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"What is to be saved beside the network must be plain data for JSON: {error}."
        ) from None
    blob = save({k: np.ascontiguousarray(v) for k, v in arrays.items()}, metadata={KEY: header})
    write_bytes(Path(path), blob)


def write_bytes(path: Path, blob: bytes) -> None:
    """Write ``blob`` beside ``path`` and rename it into place."""
    folder = path.parent
    if not folder.is_dir():
        raise MissingFileError(f"Cannot write {path}: there is no folder {folder}. Make it first.")
    if path.is_dir():
        raise DataError(f"Cannot write {path}: it is a folder. Give a file name.")
    try:
        handle, beside = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")
    except OSError as error:
        raise DataError(f"Cannot write into {folder}: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(beside, 0o666 & ~mask)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def read(path: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return configuration and arrays of a model file."""
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 -- needed for files alone

    file = Path(path)
    if not file.exists():
        raise MissingFileError(f"There is no file {file}.")
    if file.is_dir():
        raise FileFormatError(f"{file} is a folder; expected a model file.")
    try:
        with safe_open(str(file), framework="numpy") as opened:
            metadata = opened.metadata() or {}
            if KEY not in metadata:
                raise FileFormatError(
                    f"{file} is a safetensors file of another program: it holds no chainrule network. "
                    "Load files that network.save wrote."
                )
            config = json.loads(metadata[KEY])
            _check_version(file, config)
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 -- it is no dict
    except (SafetensorError, json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
        raise FileFormatError(
            f"{file} is no whole model file: it is damaged, cut off, or of another kind ({error}). "
            "Save the network again, or fetch the file again."
        ) from None
    return config, arrays


def _check_version(file: Path, config: Any) -> None:
    version = config.get("format") if isinstance(config, dict) else None
    if not isinstance(version, int):
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


def settings(thing: Any) -> dict[str, Any]:
    """Return the settings of a loss object, for the file."""
    found: dict[str, Any] = specs.to_config(thing)
    return found


def loss_from(saved: Any, custom: Mapping[str, Any] | None) -> Any:
    """Return the loss that a file names; one of the user's own that was not given is None."""
    if isinstance(saved, dict):
        return specs.from_config(saved, losses.CLASSES)
    if isinstance(saved, str) and saved not in losses.LOSSES:
        return (custom or {}).get(saved)
    return saved
