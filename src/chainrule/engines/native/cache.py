"""Object code on disk, so that the second process compiles nothing.

An entry is named by a hash of all it depends on, and begins with a hash of its content: one that is torn or
was tampered with is built again. It is written beside and renamed, so any number of processes may share the
folder, and one that is killed leaves a file that nobody reads. The oldest entries go when the folder grows
beyond its bound. ``CHAINRULE_CACHE`` names another folder; an empty one turns the cache off.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

MOST_BYTES = 128_000_000
SUFFIX = ".object"
_STALE_SECONDS = 3600.0


def folder() -> Path | None:
    """Return where entries are kept; None if they are not."""
    chosen = os.environ.get("CHAINRULE_CACHE")
    if chosen is not None:
        return Path(chosen) if chosen else None
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        return None
    if sys.platform == "darwin":
        base = home / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "chainrule"


def cached(key: str, build: Callable[[], bytes]) -> bytes:
    """Return what was built for ``key`` before, or build it and keep it."""
    where = folder()
    if where is None:
        return build()
    path = where / f"{hashlib.sha256(key.encode()).hexdigest()}{SUFFIX}"
    found = _read(path)
    if found is not None:
        return found
    made = build()
    with suppress(OSError):  # a full or read-only disk costs time, and nothing else
        _write(path, made)
        _prune(where)
    return made


def _read(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    with suppress(OSError):  # the folder may be another's, and only readable
        os.utime(path)  # it was of use: the oldest go first
    digest, made = content[:32], content[32:]
    return made if hashlib.sha256(made).digest() == digest else None


def _write(path: Path, made: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(made).digest() + made)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _prune(where: Path) -> None:
    """Remove the oldest entries beyond the bound, and what killed processes left."""
    entries = []
    for path in where.iterdir():
        with suppress(OSError):
            status = path.stat()
            entries.append((status.st_mtime, status.st_size, path))
    entries.sort()
    newest = entries[-1][0] if entries else 0.0
    total = sum(size for _, size, _ in entries)
    for time, size, path in entries:
        stale = path.suffix == ".part" and newest - time > _STALE_SECONDS
        if path.suffix in (SUFFIX, ".part") and (stale or total > MOST_BYTES):
            with suppress(OSError):
                path.unlink()
                total -= size
