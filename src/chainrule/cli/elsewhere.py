"""What hands type that know other programs: what means the same is done, and for the rest there is an answer."""

import re
from collections.abc import Collection

import click

from chainrule.cli.speech import OPTIONS
from chainrule.habits import spread
from chainrule.names import closest

COMMANDS = {
    "fit": "train", "learn": "train", "score": "evaluate", "eval": "evaluate", "test": "evaluate", "infer": "predict",
    "inference": "predict", "show": "summary", "info": "summary", "describe": "summary", "inspect": "summary",
    "version": "versions", "env": "versions", "show-versions": "versions", "init": "config",
    "defaults": "config", "why": "explain", "attribute": "explain", "interpret": "explain",
}  # fmt: skip
SAME = {
    "lr": "learning-rate", "output": "out", "o": "out", "save": "out", "label": "target", "labels": "target",
    "y": "target", "targets": "target", "random-state": "seed", "random-seed": "seed", "test-size": "test-fraction",
    "max-iter": "epochs", "n-epochs": "epochs", "num-epochs": "epochs", "hidden-layer-sizes": "hidden",
    "batch": "batch-size", "time-limit": "time", "time-budget": "time", "timeout": "time", "na-values": "missing",
    "na": "missing", "nulls": "missing", "overwrite": "force", "silent": "quiet", "q": "quiet", "backend": "engine",
    "metrics": "metric", "scoring": "metric", "monitor": "metric", "exclude": "drop", "drop-columns": "drop",
    "numerical": "numbers", "numeric": "numbers", "categorical": "categories", "cat-features": "categories",
    "categorical-features": "categories", "parse-dates": "dates", "date": "dates", "test": "test-file",
    "test-data": "test-file", "test-set": "test-file", "cv": "folds", "k-fold": "folds", "kfold": "folds",
    "n-splits": "folds", "groups": "group", "time-column": "time-order", "class-weights": "class-weight",
    "sheet": "table", "sheet-name": "table", "cutoff": "threshold", "problem-type": "task",
    "output-dir": "run", "out-dir": "run", "outdir": "run", "run-dir": "run", "cfg": "config", "c": "config",
    "config-file": "config", "n": "dry-run", "plan": "dry-run", "continue": "resume", "restart": "resume",
}  # fmt: skip
ANSWERS = {
    "layers hidden-layers units neurons": "--hidden 64,32 gives two hidden layers of 64 and 32 units.",
    "optimizer momentum weight-decay": "Training is by Adam; --learning-rate and --clip-norm set it.",
    "loss cost": "The loss is that of the task, which --task decides.",
    "alpha": "--learning-rate sets the length of the steps; large weights have no price, --dropout may serve.",
    "iterations steps": "--epochs counts how often all rows are seen.",
    "f": "The table is named without an option; --force replaces what is there.",
    "verbose v": "All is told without it; --quiet tells less.",
    "device gpu cuda": "--engine says what computes.",
    "validation-split validation-fraction val-split patience early-stopping":
        "Rows that say when to stop are held back without it; --epochs and --time bound the training.",
    "model m": "The model is named without an option, before the table.",
    "data input file i": "The table is named without an option.",
    "no-header header-row skip-header": "--header no says that the first row is no names, --header yes that it is.",
    "sep delimiter encoding decimal": "How a table is written is found out.",
    "feature features x": "All columns but the target are inputs; --drop leaves others out.",
    "balanced balance": "--class-weight balanced lets the rows of rare classes weigh more.",
    "shuffle no-shuffle": "Rows are mixed by --seed; --time-order COLUMN lets the last in time judge.",
}  # fmt: skip
_ANSWERS = spread(ANSWERS)
_OPTION = re.compile(r"--?([a-zA-Z][\w-]*)(=.*)?", re.DOTALL)


def as_meant(arguments: list[str], commands: Collection[str]) -> list[str]:
    """Return a command line in our words: ``fit t.csv --test_size 0.1`` is ``train t.csv --test-fraction 0.1``."""
    if "--version" in arguments:
        return ["--version"]
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    command, *rest = arguments or [""]
    ours = COMMANDS.get(command.lower(), command.lower())
    options = rest[: rest.index("--")] if "--" in rest else rest
    meant: list[str] = []
    for word in options:
        meant.append(word if meant and _takes_a_value(meant[-1]) else _option(word))
    return [ours if ours in commands else command, *meant, *rest[len(options) :]] if arguments else []


def about(option: str, known: Collection[str]) -> str:
    """Return what to say of an option that is none of ours."""
    name = _plain(option)
    if answer := _ANSWERS.get(name):
        return answer
    near = closest(name, [each.lstrip("-") for each in known])
    return f"Did you mean '--{near}'?" if near else ""


def _option(word: str) -> str:
    found = _OPTION.fullmatch(word)
    if not found:
        return word
    name = SAME.get(_plain(found[1]), _plain(found[1]))
    if f"--{name}" in options_of(*OPTIONS.values()):
        return f"--{name}{found[2] or ''}"
    return f"-{word}" if re.fullmatch(r"-\w[\w-]+", word) else word  # one hyphen is for single letters


def _takes_a_value(word: str) -> bool:
    return any(word in option.opts and not option.is_flag for option in OPTIONS.values())


def _plain(option: str) -> str:
    return option.lstrip("-").lower().replace("_", "-")


def options_of(*parameters: click.Parameter) -> list[str]:
    """Return the long options among what a command takes."""
    return [flag for each in parameters for flag in each.opts if flag.startswith("--")]
