"""Write docs/coming_from/*.md from pairs of snippets: ``python docs/make_coming_from.py``.

A pair is what another library writes and what we write, and both must come to the same numbers. Where the other library
is not installed ours is compared with what it gave when the pair was recorded: ``--record`` runs theirs and keeps that.
"""

import ast
import contextlib
import importlib.metadata
import importlib.util
import io
import json
import sys
import tomllib
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "coming_from"
PAIRS = sorted((FOLDER / "pairs").glob("*.toml"))
DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def read(file):
    """Return what a file of pairs says."""
    return tomllib.loads(file.read_text(encoding="utf-8"))


def pairs_of(peer):
    """Return all pairs, in order."""
    return [pair for group in peer["groups"] for pair in group["pairs"]]


def results(peer, side):
    """Return what each pair's last expression comes to on one side, in the order of the page."""
    scope = {}
    for setup in (peer["shared"], peer[side]):
        exec(compile(setup, f"{peer['library']}, {side}", "exec"), scope)
    found = {}
    for pair in pairs_of(peer):
        *before, last = ast.parse(pair[side].strip()).body
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(ast.Module(before, []), pair["what"], "exec"), scope)
            value = eval(compile(ast.Expression(last.value), pair["what"], "eval"), scope)
        found[pair["what"]] = np.asarray(value, np.float64)
    return found


def is_installed(peer):
    """Say whether the other library can be run here."""
    return importlib.util.find_spec(peer["package"]) is not None


def recorded(file):
    """Return what the other library gave, and its version when it did."""
    return json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))


def record(file):
    """Run the other library, and keep what it gives."""
    peer = read(file)
    package = DISTRIBUTIONS.get(peer["package"], peer["package"])
    version = peer.get("version") or importlib.metadata.version(package)
    kept = {
        "version": f"{package} {version}",
        "results": {what: value.tolist() for what, value in results(peer, "theirs").items()},
    }
    file.with_suffix(".json").write_text(
        json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def block(code, language="python"):
    """Return a block of code; ours is run by the tests, theirs only where the library is there."""
    return f"```{language}\n{code.strip()}\n```"


def page(file):
    """Return the page of a file of pairs."""
    peer = read(file)
    theirs = peer["library"]
    said = [
        f"# Coming from {theirs}",
        peer["intro"].strip(),
        f"Each pair below was run on both sides and came to the same numbers ({recorded(file)['version']}); a test "
        "keeps it so. All blocks go on from this one:",
        block(peer["shared"] + peer["ours"]),
    ]
    if peer["theirs"].strip():
        said += [f"and {theirs} with:", block(peer["theirs"], "py")]
    for group in peer["groups"]:
        said.append(f"## {group['title']}")
        for pair in group["pairs"]:
            head = pair["what"][0].upper() + pair["what"][1:]
            said += [
                f"### {head}",
                f"In {theirs}:",
                block(pair["theirs"], "py"),
                "In chainrule:",
                block(pair["ours"]),
            ]
    rows = [f"| {other} | {own} |" for other, own in peer["other"].items()]
    said += ["## And also", "\n".join([f"| {theirs} | chainrule |", "|---|---|", *rows])]
    return "\n\n".join(said) + "\n"


def main():
    """Write the pages."""
    for file in PAIRS:
        if "--record" in sys.argv and is_installed(read(file)):
            record(file)
        (FOLDER / f"{file.stem}.md").write_text(page(file), encoding="utf-8")


if __name__ == "__main__":
    main()
