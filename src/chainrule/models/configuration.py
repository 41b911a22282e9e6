"""``config.toml``: the choices of a training as a file that is read, changed by hand and repeated; data, never code."""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chainrule import __version__ as RUNNING, plain
from chainrule.disk import read_bytes
from chainrule.errors import DataError, FileFormatError, MissingFileError, UnknownNameError, short
from chainrule.habits import ARGUMENTS, spread
from chainrule.models.options import Options, Training, choices
from chainrule.models.places import CONFIG
from chainrule.names import closest

IN_MEMORY = ""  # the name of a table that no file could name: it is to be given again
SECTIONS: dict[str, str] = {
    "data": "The data",
    "columns": "Its columns",
    "rows": "Its rows",
    "network": "The network",
    "training": "Training",
}


@dataclass(frozen=True)
class Fingerprint:
    """What identifies a table: its size, and a checksum of its cells.

    Attributes:
        rows: How many there are.
        columns: How many there are.
        cells: The checksum.
    """

    rows: int
    columns: int
    cells: str


@dataclass(frozen=True)
class Configuration:
    """What a configuration says.

    Attributes:
        choices: The choices that it makes, by name, as :class:`Options` take them.
        data: The file or the sample that was learned from; "" where it was a table in memory.
        version: Of what wrote it; "" where a user did.
        fingerprint: That of the table that was learned from.
        asked: What was asked for of the choices that time, a comparison, or who ended the training, decided otherwise.
        compares: Whether these are the choices of a comparison that has not ended, which is gone on with.
    """

    choices: dict[str, Any]
    data: str = ""
    version: str = ""
    fingerprint: Fingerprint | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    compares: bool = False

    @property
    def options(self) -> Options:
        """The choices, checked."""
        return Options(**self.choices)


def of(
    options: Options, data: str = "", fingerprint: Fingerprint | None = None, compares: bool = False
) -> Configuration:
    """Return the configuration of a training, or of a comparison, that begins."""
    return Configuration(as_data(options), data, RUNNING, fingerprint, compares=compares)


def ended(begun: Configuration, options: Training, goes_on: bool = False) -> Configuration:
    """Return the configuration of a training that has ended: all its choices, as they lead to the same model again.

    What was asked for and came out otherwise, by time, a signal or a comparison, stands beside them.
    """
    found = as_data(options)
    if begun.compares and goes_on:  # the winner alone has decided what was open when it began
        return replace(begun, choices=found, asked=begun.choices)
    asked = {name: value for name, value in begun.choices.items() if value != found.get(name)}
    return replace(begun, choices=found, asked=asked, compares=False)


def about_unended(found: Configuration, path: str | os.PathLike[str]) -> str:
    """Say which network the configuration of a comparison leads to that has not ended; DataError if none has won."""
    run = os.fspath(path)
    run = run if os.path.isdir(run) else os.path.dirname(run) or "."
    goes_on = f"To go on with it:\n  cr.TableModel.resume({run!r})"
    if not found.asked:  # who ends one early writes down which network was the best so far
        raise DataError(
            f"{os.fspath(path)} is of a comparison that was broken off before any network had won: none is there to be "
            f"trained. {goes_on}"
        )
    return (
        f"{os.fspath(path)} is of a comparison that was ended early: this trains the network that was the best until "
        f"then. {goes_on}"
    )


def as_data(options: Training) -> dict[str, Any]:
    """Return the choices that were made, by name, as a file can hold them."""
    found = {name: getattr(options, name) for name in choices(type(options))}
    if isinstance(found["test_data"], os.PathLike):
        found["test_data"] = os.fspath(found["test_data"])
    if not isinstance(found["test_data"], str | None):
        found["test_data"] = IN_MEMORY
    return {name: value for name, value in found.items() if value is not None}


def written(configuration: Configuration, usual: Mapping[str, str] | None = None) -> str:
    """Return a configuration as TOML; what is not chosen stands as a remark, with what is usual.

    >>> print(written(Configuration({"epochs": 20}, "houses.csv")).splitlines()[0])
    data = "houses.csv"
    """
    lines = [f"{key} = {toml(key, value)}" for key, value in _heading(configuration) if value]
    for section, title in SECTIONS.items():
        lines += ["", f"# {title}"]
        for name, choice in choices().items():
            if choice.section != section:
                continue
            value = configuration.choices.get(name)
            if value is None or (value == () and getattr(Options, name) == ()):
                said = f"# {name} ="
                why = (usual or {}).get(name) or choice.usual or "none"
                lines.append(f"{said:<24}  # {choice.says} [{why}]")
            else:
                lines.append(f"{f'{name} = {toml(name, value)}':<24}  # {choice.says}")
    for title, table in (("fingerprint", _fields(configuration.fingerprint)), ("asked", configuration.asked)):
        if table:
            lines += ["", f"[{title}]", *(f"{name} = {toml(name, value)}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


def _heading(configuration: Configuration) -> Iterator[tuple[str, str | bool]]:
    yield "data", configuration.data
    yield "compare", configuration.compares
    yield "version", configuration.version


def _fields(fingerprint: Fingerprint | None) -> dict[str, Any]:
    return vars(fingerprint) if fingerprint else {}


def toml(name: str, value: Any) -> str:
    """Write a value as TOML does; each is one of a few kinds, by what the choices take."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_quoted(str(k))} = {toml(name, v)}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(name, each) for each in value)}]"
    raise DataError(
        f"A run's {CONFIG} holds names and numbers; {name} is {short(value)}.\nGive its name, or train without a run."
    )


def _quoted(text: str) -> str:
    # JSON escapes what TOML does, but for one character
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def read(path: str | os.PathLike[str]) -> Configuration:
    """Return what a configuration says, or that of a run.

    Raises :class:`~chainrule.errors.MissingFileError` if there is none, and
    :class:`~chainrule.errors.FileFormatError` for what is no configuration; a name that is no choice is answered with
    the nearest, as :class:`~chainrule.errors.UnknownNameError`.
    """
    place = os.path.join(path, CONFIG) if os.path.isdir(path) else os.fspath(path)
    try:
        text = read_bytes(place).decode("utf-8-sig")
        found = tomllib.loads(text)
    except FileNotFoundError:
        raise MissingFileError(f"No configuration {str(place)!r}.") from None
    except UnicodeDecodeError:
        raise FileFormatError(f"{place} is no configuration: it is no text.") from None
    except tomllib.TOMLDecodeError as error:
        raise FileFormatError(
            f"{place} is no configuration: {error}.\nIt is written in TOML: epochs = 20"
        ) from None
    except RecursionError:
        raise FileFormatError(f"{place} is no configuration: it is nested too deeply.") from None
    except OSError as error:
        raise DataError(f"{place} cannot be read: {error.strerror or error}.") from None
    return _checked(found, str(place))


def _checked(found: dict[str, Any], path: str) -> Configuration:
    version = plain.read(str, found.pop("version", ""), f"{path}: version")
    data = plain.read(str, found.pop("data", ""), f"{path}: data")
    compares = plain.read(bool, found.pop("compare", False), f"{path}: compare")
    seen = found.pop("fingerprint", None)
    fingerprint = plain.read(Fingerprint, seen, f"{path}: fingerprint") if seen is not None else None
    asked = found.pop("asked", {})
    if not isinstance(asked, dict):
        raise FileFormatError(f"{path}: asked holds choices; found {short(asked)}.")
    for name in (*found, *asked):
        _check_name(name, path, version)
    for values in (found, asked):
        try:
            Options(**values)
        except (DataError, UnknownNameError) as error:
            raise type(error)(f"{path}: {error}") from None
    return Configuration(found, _beside(data, path), version, fingerprint, asked, compares)


def _beside(data: str, path: str) -> str:
    """Return where the data of a configuration is: as it says, or beside it."""
    near = os.path.join(os.path.dirname(path), data)
    return near if data and not os.path.exists(data) and os.path.isfile(near) else data


def _check_name(name: str, path: str, version: str) -> None:
    known = [*choices()]
    if name in known:
        return
    elsewhere = spread(ARGUMENTS["TableModel.train"])
    near = elsewhere.get(name)
    near = near if near in known else closest(name.removeprefix("no-"), [*known, "data"])
    hint = f" Did you mean '{near}'?" if near else ""
    by = f"\nIt was written by chainrule {version}, and this is {RUNNING}." * (version not in ("", RUNNING))
    raise UnknownNameError(
        f"{path} chooses '{name}', which there is not.{hint}{by}\nAll choices: {', '.join(known)}."
    )
