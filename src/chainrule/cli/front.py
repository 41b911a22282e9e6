"""What all commands share: errors in one paragraph, suggestions, and streams that stay clean."""

import errno
import math
import os
import shutil
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO

import click

import chainrule as cr
from chainrule import signals
from chainrule.cli.elsewhere import about, as_meant, options_of
from chainrule.cli.files import is_model
from chainrule.cli.speech import Speaking, learn, spoken
from chainrule.names import closest
from chainrule.shown import visible
from chainrule.terminal import has_all, spelling

AT_ONCE: Any = {number: (signal.SIG_DFL,) for number in signals.NAMES if number != signal.SIGINT}
WENT_WRONG, REFUSED = 1, 2
BY_SIGNAL = 128  # shells add the number of the signal: 130 after Ctrl-C
CLOSED_PIPE = BY_SIGNAL + 13  # as of a program that SIGPIPE ended
# a pipe, or a terminal, whose other end was closed; Windows says EINVAL of a pipe
GONE = (errno.EPIPE, errno.EIO, *([errno.EINVAL] if os.name == "nt" else []))


class Commands(click.Group):
    """A group of commands that answers every mistake with one paragraph on the error stream and exit code 2.

    ``--debug`` anywhere among the arguments shows the traceback instead.
    """

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *_: Any, **settings: Any
    ) -> Any:
        """Run a command and end the process with its exit code."""
        arguments = as_meant(list(sys.argv[1:] if args is None else args), self.commands)
        settings["standalone_mode"] = False
        if sys.stderr is None:  # it was closed, as a service may do
            sys.stderr = os.fdopen(_nowhere(), "w", encoding="utf-8", errors="replace")
        try:
            stream: Any = Speaking(sys.stderr)
            with (
                redirect_stderr(stream),
                warnings.catch_warnings(),
                signals.handling(signals.end_at_once, AT_ONCE),
            ):
                warnings.showwarning = _show_warning
                warnings.simplefilter(
                    "ignore", cr.DataWarning
                )  # which commands tell with what else is new in a table
                code = super().main(arguments, prog_name or self.name, **settings)
        except click.Abort as abort:
            number = getattr(abort.__cause__, "number", signal.SIGINT)
            kept = getattr(abort.__cause__, "__notes__", [])
            _fail(
                "\n".join([_stopped(number, self._command(arguments), kept), *kept]),
                BY_SIGNAL + number,
                arguments,
            )
        except Exception as error:
            if "--debug" in arguments:
                raise
            _fail(_paragraph(error, self._command(arguments)), REFUSED, arguments)
        sys.exit(code if isinstance(code, int) else 0)

    def _command(self, arguments: Sequence[str]) -> click.Command:
        return self.commands.get(next(iter(arguments), ""), self)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, and to it the option that :meth:`main` reads from the arguments."""
        says = "On an error, show the Python traceback."
        cmd.params.append(click.Option(["--debug"], is_flag=True, expose_value=False, help=says))
        learn(cmd)
        super().add_command(cmd, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they are used."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        name = args[0]
        if self.get_command(ctx, name) is None:
            near = closest(name, self.list_commands(ctx))
            if near:
                hint = f"Did you mean 'chainrule {near}'?"
            elif is_model(Path(name)):
                hint = f"Did you mean 'chainrule summary {name}'?"
            elif name in cr.SAMPLES or Path(name).exists():
                hint = f"Did you mean 'chainrule train {name}'?"
            else:
                hint = "'chainrule --help' says what each does."
            raise cr.UnknownNameError(
                f"No command {name!r}. {hint} Commands: {', '.join(self.list_commands(ctx))}."
            )
        return super().resolve_command(ctx, args)


@contextmanager
def stands(sentence: str) -> Iterator[None]:
    """Let who ends what is done inside be told what stands already."""
    try:
        yield
    except KeyboardInterrupt as ended:
        if sentence:
            ended.add_note(sentence)
        raise


def _stopped(number: int, command: click.Command, kept: Sequence[str]) -> str:
    """Say what ended a command; of one that would have saved something and has not, that too."""
    nothing = (
        " before anything was saved" if "out" in [each.name for each in command.params] and not kept else ""
    )
    return f"Stopped by {signals.NAMES[signal.Signals(number)]}{nothing}."


def tell(sentence: str, head: str = "") -> None:
    """Print a sentence to the error stream, so that a pipe gets results only; in a terminal, wrapped, but no table."""
    sentence = head + visible(spoken(sentence))
    if sys.stderr.isatty() and "\n" not in sentence:
        width = shutil.get_terminal_size().columns
        sentence = click.wrap_text(sentence, width, subsequent_indent="  ")
    tell_as_is(sentence)


def tell_as_is(text: str) -> None:
    """Print to the error stream; if nobody reads it, say nothing more: that is no reason to end the work."""
    try:
        click.echo(text, err=True)
    except OSError:
        _give_up(sys.stderr)


@contextmanager
def printing(closed: int = CLOSED_PIPE, exact: bool = False) -> Iterator[None]:
    """Print results inside; a reader that has gone (``| head -1``) ends the command with the exit code ``closed``.

    Letters that the output has not are spelled in what is for people; in what programs read, they are an error.
    """
    try:
        with nullcontext() if exact else spelling(sys.stdout):
            yield
            if sys.stdout is not None:
                sys.stdout.flush()
    except UnicodeEncodeError as error:
        letter, encoding = ascii(error.object[error.start]), getattr(sys.stdout, "encoding", error.encoding)
        hint = "" if has_all(encoding) else "\nSet PYTHONIOENCODING=utf-8, which has them all."
        raise cr.DataError(
            f"The standard output is written in {encoding}, which has no {letter}.{hint}"
        ) from None
    except OSError as error:
        _give_up(sys.stdout)
        if error.errno in GONE:
            raise click.exceptions.Exit(closed) from None
        raise cr.DataError(f"The standard output cannot be written: {error.strerror or error}.") from None


def _nowhere() -> int:
    """Return a handle that takes all that is written, and throws it away."""
    return os.open(os.devnull, os.O_WRONLY)


def _give_up(stream: TextIO) -> None:
    with suppress(OSError):  # no stream of the system's
        nowhere = _nowhere()
        os.dup2(nowhere, stream.fileno())  # or Python fails at it once more when it ends
        os.close(nowhere)


def document(value: Any) -> None:
    """Print a JSON document: what is not finite is null in it."""
    import json  # noqa: PLC0415 -- only where it is asked for

    with printing(exact=True):
        letters = sys.stdout is None or has_all(sys.stdout.encoding)
        click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=not letters))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _fail(paragraph: str, code: int, arguments: Sequence[str]) -> NoReturn:
    """Say what went wrong, to who asked for JSON as a document too, and end the process."""
    if "--json" in arguments:
        with suppress(Exception):  # of the two failures the first is the one to be told
            document({"error": visible(spoken(paragraph)), "exit_code": code})
    complain(paragraph)
    sys.exit(code)


def complain(paragraph: str) -> None:
    """Print what went wrong to the error stream."""
    tell_as_is(_headed("Error: ", "red") + visible(spoken(paragraph)))


def _headed(word: str, colour: str) -> str:
    colours = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    return click.style(word, fg=colour, bold=True) if colours else word


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning as a sentence: a line of code that raised it says nothing to who gave a command."""
    tell(str(message), _headed("Warning: ", "yellow"))


def _about_value(command: click.Command, flag: str) -> str:
    """Return what to say of an option that has no value, or has one and takes none."""
    option: Any = next((each for each in command.params if flag in each.opts), None)
    if option is None or option.is_flag:
        return f"{flag} takes no value."
    return f"{flag} needs a value: {flag} {option.metavar}."


def _paragraph(error: Exception, command: click.Command) -> str:
    """Return what went wrong in a command, in words."""
    if isinstance(error, click.UsageError):
        name = "" if isinstance(command, Commands) else f"{command.name} "
        told = error.format_message()
        if isinstance(error, click.NoSuchOption):
            flag = error.option_name
            told = f"No such option '{flag}'. {about(flag, options_of(*command.params))}".strip()
        elif isinstance(error, click.BadOptionUsage):
            told = _about_value(command, error.option_name)
        return f"{told}\n'chainrule {name}--help' shows what it takes."
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, cr.ShapeError):
        return str(error).partition("\n\n")[0]  # the table of layers is for who wrote them
    if isinstance(error, cr.ChainruleError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'}: {error.strerror or error}."
    if isinstance(error, MemoryError):
        return "The memory of this machine is used up. Take fewer rows or columns, or a smaller network."
    return (
        f"chainrule has a bug: {type(error).__name__}: {error}\n"
        "Run the same command with --debug and report what it prints."
    )
