"""Files, opened with care: nothing but a file is ever replaced, and nothing is waited on that may never come."""

import errno
import os
import re
import select
import stat
import threading
import time
from contextlib import suppress
from typing import IO, Any

from chainrule.errors import DataError, MissingFileError

PATIENCE = 2.0  # seconds for somebody to open the other end of a pipe
WAITS = (0.01, 0.05, 0.2, 0.5)  # seconds between tries to replace a file that is open elsewhere

_TEXT = re.compile(rb"[^\x00-\x08\x0e-\x1f]{4,}")
_ASKING = threading.Lock()  # the umask can only be asked for by changing it
_KINDS = {stat.S_IFBLK: "a disk", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFIFO: "a pipe"}


def write_bytes(path: Any, blob: bytes) -> None:
    """Write a file: whoever reads ``path`` meanwhile finds the old one or the new one, whole.

    It is written beside its place and renamed. A file that is replaced leaves its mode to the new one; behind a
    link, the file that the link leads to is replaced. A device or a pipe is no file and never replaced: the
    bytes go into it, as a shell would send them.

    Raises :class:`~chainrule.errors.MissingFileError` if there is no folder to write into, and
    :class:`~chainrule.errors.DataError` for every other reason; what was there is then unchanged.
    """
    place, mode = check_place(path)
    try:
        if mode is not None and not stat.S_ISREG(mode):
            with _opened(path, "wb") as file:
                file.write(blob)
        else:
            write_beside(place, blob, mode or _usual_mode())
    except OSError as error:
        raise DataError(f"Cannot write {path}: {_reason(error)}. What was there is unchanged.") from None


def check_place(path: Any) -> tuple[str, int | None]:
    """Return where a file at ``path`` lies behind all links, and the mode of what is there, None if nothing.

    Raises the errors of :func:`write_bytes` that can be known before there is anything to write.
    """
    try:
        place = os.path.realpath(os.fsdecode(path))
        mode = os.stat(path).st_mode
    except (TypeError, ValueError):
        raise DataError(f"Cannot write to {path!r}: it is no file name.") from None
    except (FileNotFoundError, NotADirectoryError):
        mode = None
    except OSError as error:
        raise DataError(f"Cannot write {path}: {_reason(error)}.") from None
    folder = os.path.dirname(place)
    if mode is None and not os.path.isdir(folder):
        raise MissingFileError(f"Cannot write {path}: there is no folder {folder}. Make it first.")
    if mode is not None and stat.S_ISDIR(mode):
        raise DataError(f"Cannot write {path}: it is a folder. Give a file name.")
    if mode is not None and (stat.S_ISBLK(mode) or stat.S_ISSOCK(mode)):
        raise DataError(f"Cannot write {path}: it is {_KINDS[stat.S_IFMT(mode)]}. Give a file name.")
    return place, mode


def open_lines(path: Any) -> IO[str]:
    """Open a file, a device or a pipe for lines that are to be seen as they come, such as those of a log.

    Raises the errors of :func:`write_bytes`.
    """
    check_place(path)
    try:
        return _opened(path, "w", newline="", encoding="utf-8")
    except OSError as error:
        raise DataError(f"Cannot write {path}: {_reason(error)}.") from None


def read_bytes(path: Any) -> bytes:
    """Return what is in a file, or what comes through a pipe until its other end is closed.

    Raises :class:`~chainrule.errors.DataError` for a device, and for a pipe that nobody writes into; for
    everything else that stops it, Python's own OSError.
    """
    with open(path, "rb", buffering=0, opener=_without_waiting) as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISFIFO(mode):
            first = _first_bytes(file.fileno(), path)
            _wait_again(file.fileno())
            return first + file.readall()
        if not stat.S_ISREG(mode):
            raise _no_file(path, mode)
        return file.readall()


def check_file(path: Any) -> None:
    """Raise :class:`~chainrule.errors.DataError` for what is there but is no file, or may not be read."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            mode = os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    if not stat.S_ISREG(mode):
        raise _no_file(path, mode)


def begins_as_text(path: Any) -> bool:
    """Say whether a file begins as texts do; what is not there or cannot be read does not."""
    with suppress(OSError, DataError, TypeError, ValueError):
        check_file(path)
        with open(path, "rb") as file:
            return bool(_TEXT.fullmatch(file.read(1000)))
    return False


def _no_file(path: Any, mode: int) -> DataError:
    kind = _KINDS.get(stat.S_IFMT(mode), "something else")
    return DataError(f"{path} is {kind}, where a file is expected.")


def _wait_again(handle: int) -> None:
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(handle, True)


def _first_bytes(handle: int, path: Any) -> bytes:
    select.select([handle], [], [], PATIENCE)
    try:
        found = os.read(handle, 1 << 16)
    except BlockingIOError:  # somebody is there, and has not written yet
        return b""
    if not found:
        raise DataError(
            f"{path} is a pipe that nobody writes into.\nStart what fills it first, or give the name of a file."
        )
    return found


def _opened(path: Any, mode: str, **text: Any) -> IO[Any]:
    file = open(path, mode, opener=_without_waiting, **text)  # noqa: SIM115 -- the caller's
    _wait_again(file.fileno())
    return file


def _without_waiting(path: str, flags: int) -> int:
    # opening a pipe that has no other end would last for ever
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def write_beside(place: str | os.PathLike[str], blob: bytes, mode: int, *, lasting: bool = True) -> None:
    """Write a file beside ``place`` and rename it; OSError leaves nothing behind.

    What need not outlast a power failure (``lasting=False``) is not waited for until the disk has it.
    """
    import tempfile  # noqa: PLC0415 -- who only reads waits for none of what it needs

    folder, name = os.path.split(place)
    handle, beside = tempfile.mkstemp(dir=folder, prefix=f".{name[:50]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(blob)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(beside, stat.S_IMODE(mode))
        _renamed(beside, place)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(beside)
        raise


def _renamed(beside: str, place: str | os.PathLike[str]) -> None:
    """Rename a file over another, which Windows refuses while that is open: a virus scanner has it for a moment."""
    for seconds in WAITS:
        try:
            return os.replace(beside, place)
        except PermissionError as error:
            if not _in_use(error):
                raise
            time.sleep(seconds)
    return os.replace(beside, place)


def _in_use(error: OSError) -> bool:
    return getattr(error, "winerror", None) in (5, 32)  # access denied, sharing violation


def remove_parts(folder: str | os.PathLike[str], name: str = "") -> None:
    """Remove what :func:`write_beside` had not renamed when it was killed: of a file, or of all in a folder."""
    begins = f".{name[:50]}." if name else "."
    with suppress(OSError):
        for part in os.scandir(folder):
            if part.name.startswith(begins) and part.name.endswith(".part"):
                os.unlink(part.path)


def _usual_mode() -> int:
    with _ASKING:
        mask = os.umask(0)
        os.umask(mask)
    return 0o666 & ~mask


def _reason(error: OSError) -> str:
    if error.errno == errno.ENXIO:
        return "it is a pipe that nobody reads"
    if _in_use(error):
        return f"{error.strerror}; it is open in another program, or write-protected"
    return error.strerror or str(error)
