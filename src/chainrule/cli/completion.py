"""Completion: the script that a shell reads once, and what may stand where the cursor is."""

import gzip
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    ShellComplete,
    add_completion_class,
    get_completion_class,
)

import chainrule as cr
from chainrule.cli.files import STDIN

SHELLS = {
    "bash": 'Put  eval "$(chainrule completion bash)"  into ~/.bashrc.',
    "zsh": 'Put  eval "$(chainrule completion zsh)"  into ~/.zshrc, below compinit.',
    "fish": "Write it once:  chainrule completion fish > ~/.config/fish/completions/chainrule.fish",
    "powershell": "Put  chainrule completion powershell | Out-String | Invoke-Expression  into $PROFILE.",
}
TABLES = (
    ".csv", ".tsv", ".tab", ".txt", ".data", ".arff", ".json", ".jsonl", ".ndjson", ".sqlite", ".sqlite3", ".db",
    ".db3", ".duckdb", ".parquet", ".pq", ".feather", ".arrow", ".xlsx", ".xlsm",
)  # fmt: skip
PACKINGS = (".gz", ".zip", ".bz2", ".xz", ".zst")
_TABLES = (*TABLES, *(f"{ending}{packing}" for ending in TABLES for packing in PACKINGS), ".zip")
_TEXTS = (".csv", ".tsv", ".txt")
_HEAD = 1 << 16  # of a table, where its column names are
_SMALL = 1 << 24  # bytes of a table that is read whole while a hand waits


class Bash(BashComplete):
    """Completion in bash, which takes what it is given as it would be typed: names are quoted where they need it."""

    source_template = """\
%(complete_func)s() {
    local IFS=$'\\n' response type value
    COMPREPLY=()
    response=$(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete "$1")
    while IFS=, read -r type value; do
        if [[ $type == plain && ${COMP_WORDS[COMP_CWORD]} != [\\'\\"]* ]]; then
            value=$(printf %%q "$value")
        fi
        case $type in
            plain) COMPREPLY+=("$value") ;;
            file | dir) compopt -o default ;;
        esac
    done <<< "$response"
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class PowerShell(ShellComplete):
    """Completion in PowerShell, Windows' own and that of other systems."""

    name = "powershell"
    source_template = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($word, $line, $cursor)
    $env:COMP_WORDS = ($line.CommandElements | ForEach-Object { $_.Extent.Text }) -join "`n"
    $env:COMP_CWORD = $word
    $env:%(complete_var)s = 'powershell_complete'
    try { $answer = & %(prog_name)s 2>$null }
    finally { $env:%(complete_var)s = $env:COMP_WORDS = $env:COMP_CWORD = $null }
    foreach ($each in $answer) {
        $kind, $value, $help = $each -split "`t", 3
        if ($kind -ne 'plain') {
            [System.Management.Automation.CompletionCompleters]::CompleteFilename($word)
        } elseif ($value -match '[\\s,;$()'']') {
            $quoted = "'" + ($value -replace "'", "''") + "'"
            [System.Management.Automation.CompletionResult]::new($quoted, $value, 'ParameterValue', $help)
        } else {
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
        }
    }
}
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is being written, and that."""
        words = [word.strip("'\"") for word in os.environ["COMP_WORDS"].splitlines()[1:]]
        begun = os.environ.get("COMP_CWORD", "").strip("'\"")
        return (words[:-1] if begun and words[-1:] == [begun] else words), begun

    def format_completion(self, item: CompletionItem) -> str:
        """Return a line: what kind it is, what is to be written, and what that does."""
        return f"{item.type}\t{item.value}\t{item.help or item.value}"


add_completion_class(Bash)
add_completion_class(PowerShell)


def script(group: click.Command, shell: str) -> str:
    """Return what a shell is to read, with how to have it read that above."""
    kind = get_completion_class(shell)
    if kind is None:
        raise cr.UnsupportedError(f"This version of click completes nothing in {shell}.")
    head, *rest = kind(group, {}, "chainrule", "_CHAINRULE_COMPLETE").source().strip().splitlines()
    told = f"# Completion of chainrule in {shell}. {SHELLS[shell]}"
    if head.startswith("#compdef"):  # zsh looks for it in the first line
        head, told = told, head
    return "\n".join([told, head, *rest])


def tables(begun: str) -> list[CompletionItem]:
    """Return the samples and the tables in a folder that begin so."""
    return _offered([*cr.SAMPLES, *_files(begun, _TABLES)], begun)


def models(begun: str) -> list[CompletionItem]:
    """Return the model files and the runs in a folder that begin so."""
    return _offered(sorted([*_files(begun, (".safetensors",)), *_runs(begun)]), begun)


def configurations(begun: str) -> list[CompletionItem]:
    """Return the configurations in a folder, and those of the runs there, that begin so."""
    return _offered(
        sorted([*_files(begun, (".toml",)), *(f"{run}/config.toml" for run in _runs(begun))]), begun
    )


def runs(begun: str) -> list[CompletionItem]:
    """Return the runs in a folder that begin so."""
    return _offered(_runs(begun), begun)


def columns(data: object, begun: str, before: str = "") -> list[CompletionItem]:
    """Return the columns of a table that begin so, behind what stands before: of a text those of its first line."""
    name = str(data or "")
    with suppress(Exception):  # what cannot be read is told by the command, not while it is being written
        if name == STDIN or not (name in cr.SAMPLES or Path(name).is_file()):
            return []
        is_text = Path(name.removesuffix(".gz")).suffix.lower() in _TEXTS
        if is_text or name in cr.SAMPLES or Path(name).stat().st_size < _SMALL:
            found = _first_line(Path(name)) if is_text else map(str, cr.load_table(name)[0].columns)
            return [CompletionItem(f"{before}{each}") for each in found if each and each.startswith(begun)]
    return []


def _first_line(path: Path) -> list[str]:
    import csv  # noqa: PLC0415 -- only where columns are completed

    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        first = file.read(_HEAD).decode("utf-8-sig", "replace").splitlines()[:1]
    delimiter = max(",;\t|", key=first[0].count) if first else ","
    return [name.strip() for line in csv.reader(first, delimiter=delimiter) for name in line]


def _runs(begun: str) -> list[str]:
    """Return the runs in a folder, and in its folder ``runs``."""
    head = _folder(begun)
    found = [each for folder in (head, f"{head}runs/") for each in _files(folder, ("",))]
    return sorted(each for each in found if Path(each, "config.toml").is_file())


def _folder(begun: str) -> str:
    return begun[: len(begun) - len(os.path.basename(begun))]


def _files(begun: str, endings: tuple[str, ...]) -> Iterable[str]:
    head = _folder(begun)
    with suppress(OSError):
        return sorted(f"{head}{each}" for each in os.listdir(head or ".") if each.lower().endswith(endings))
    return []


def _offered(names: Iterable[str], begun: str) -> list[CompletionItem]:
    found = [CompletionItem(name) for name in names if name.startswith(begun)]
    return found or [CompletionItem(begun, type="file")]  # a folder on the way, or a file with another ending
