"""Object code on disk, so that the second process compiles nothing.

An entry is named by a hash of all it depends on, and begins with a hash of that and of its content: one that is torn,
or is another's under its name, is built again. It is written beside and renamed, so any number of processes may share
the folder, and one that is killed leaves a file that nobody reads. The oldest entries go when the folder grows
beyond its bound. ``CHAINRULE_CACHE`` names another folder; an empty one turns the cache off.

What is found is run, so it must come from the user: folder and entries that another could have written are not read.
"""

import hashlib
import os
import re
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from chainrule.disk import write_beside
from chainrule.errors import EngineWarning, warn

MOST_BYTES = 128_000_000
SUFFIX = ".object"
_STALE_SECONDS = 3600.0
# entries, and those that are half written
_OURS = re.compile(rf"[0-9a-f]{{64}}{re.escape(SUFFIX)}|\.[0-9a-f]{{50}}\..*\.part")


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


def told() -> str:
    """Return where entries are kept and what they take, in words; the user's home is ~."""
    where = folder()
    if where is None:
        return "none"
    sizes = []
    with suppress(OSError):
        sizes = [each.lstat().st_size for each in where.iterdir() if _OURS.fullmatch(each.name)]
    shown = str(where)
    with suppress(RuntimeError, ValueError):
        shown = str(Path("~") / where.relative_to(Path.home()))
    return f"{shown}, {len(sizes):,} entries, {sum(sizes) / 1e6:.1f} of at most {MOST_BYTES / 1e6:.0f} MB"


def cached(key: str, build: Callable[[], bytes], use: Callable[[bytes], Any] = bytes) -> Any:
    """Return ``use`` of what was built for ``key`` before, or build it and keep it.

    What ``use`` cannot take, with a RuntimeError, is built again.
    """
    where = folder()
    if where is None or not _is_ours(where):
        return use(build())
    path = where / f"{hashlib.sha256(key.encode()).hexdigest()}{SUFFIX}"
    found = _read(path)
    if found is not None:
        with suppress(RuntimeError):
            return use(found)
    made = build()
    used = use(made)
    with suppress(OSError):  # a full or read-only disk costs time, and nothing else
        if _is_ours(_made(where)):
            write_beside(path, _digest(path, made) + made, 0o600, lasting=False)
            _prune(where)
    return used


# --- whose it is ----------------------------------------------------------------------------------------


def _is_ours(where: Path) -> bool:
    """Say whether nobody but the user can have put anything into a folder; of one that is not there, yes."""
    try:
        found, around = os.lstat(where), os.stat(where.parent)
    except OSError:
        return True  # nothing can be read there, and what can be written is seen after it was made
    fault = _fault(found, stat.S_ISDIR)
    if not fault and _has_owners() and around.st_mode & stat.S_IWOTH and not around.st_mode & stat.S_ISVTX:
        fault = f"lies in {where.parent}, where anybody may put another in its place"
    if fault:
        _say_once(
            f"Machine code is not kept on disk, and compiled anew in every process: the folder {where} {fault}. "
            "Name one that is yours alone (chmod 700) in CHAINRULE_CACHE, or an empty name to keep nothing."
        )
    return not fault


def _fault(found: os.stat_result, of_kind: Callable[[int], bool]) -> str:
    """Return what is wrong with a folder or file out of which code is to be run, or ""."""
    if stat.S_ISLNK(found.st_mode):
        return "is a link"
    if not of_kind(found.st_mode):
        return "is of another kind"
    if _has_owners() and found.st_uid != os.geteuid():
        return "belongs to somebody else"
    if _has_owners() and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "can be written by others"
    return ""


def _has_owners() -> bool:
    # Windows keeps rights elsewhere: the user's own folder, where the cache lies by default, is closed to others.
    return hasattr(os, "geteuid")


_said: set[str] = set()


def _say_once(sentence: str) -> None:
    if sentence not in _said:
        _said.add(sentence)
        warn(sentence, EngineWarning)


def _made(where: Path) -> Path:
    """Make a folder and those above it that are missing, all for the user alone."""
    for each in reversed([where, *where.parents]):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)
    return where


# --- entries --------------------------------------------------------------------------------------------


def _read(path: Path) -> bytes | None:
    """Return the content of an entry that is whole and the user's own."""
    try:
        with open(path, "rb", opener=_as_it_is) as file:
            if _fault(os.fstat(file.fileno()), stat.S_ISREG):
                return None
            content = file.read()
    except OSError:
        return None
    digest, made = content[:32], content[32:]
    if _digest(path, made) != digest:
        return None
    with suppress(OSError):  # the folder may only be readable
        os.utime(path)  # it was of use: the oldest go first
    return made


def _as_it_is(path: str, flags: int) -> int:
    """Open a file, but follow no link and wait for no pipe."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _digest(path: Path, made: bytes) -> bytes:
    return hashlib.sha256(path.stem.encode() + made).digest()


def _prune(where: Path) -> None:
    """Remove the oldest entries beyond the bound, and what killed processes left: nothing that is another's."""
    entries = []
    for path in where.iterdir():
        if _OURS.fullmatch(path.name):
            with suppress(OSError):
                status = path.lstat()
                entries.append((status.st_mtime, status.st_size, path))
    entries.sort()
    newest = entries[-1][0] if entries else 0.0
    total = sum(size for _, size, _ in entries)
    for time, size, path in entries:
        stale = path.suffix == ".part" and newest - time > _STALE_SECONDS
        if stale or total > MOST_BYTES:
            with suppress(OSError):
                path.unlink()
                total -= size
