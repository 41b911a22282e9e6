"""Names of other libraries, and what is answered to who types them: made from ``chainrule.habits``."""

import re

import chainrule as cr
from chainrule import habits
from chainrule.doors import opened

OF = {"cr": "", "Node": "a node", "Network": "a network", "Layer": "a layer", "Optimizer": "an optimizer"}
FILLED = {"node": "x", "value": "..."}


def page():
    """Return the page."""
    parts = [
        "# Names of other libraries",
        "What one types who has learned Keras, PyTorch, scikit-learn, JAX or micrograd. Where a name has one certain "
        "meaning it works; of any other the error shows the line to write, which is the one below.",
    ]
    for of, answers in habits.WRITE.items():
        works = habits.WORKS.get(of, {})
        named = {name: meaning(place) for name, place in works.items() if name[0] != "_"}
        rows = [f"| `{name}` | it works, and means {ours} |" for name, ours in named.items()]
        rows += [f"| {cell} | {answer} |" for cell, answer in answered(answers)]
        parts += [f"## {titled(of)}", "| typed | write |\n|---|---|\n" + "\n".join(rows)]
    parts += ["## Arguments", "| of | typed | write |\n|---|---|---|\n" + "\n".join(arguments())]
    parts += ["## Names in quotes", "| kind | typed | write |\n|---|---|---|\n" + "\n".join(values())]
    return "\n\n".join(parts) + "\n"


def titled(of):
    """Return the title of a table."""
    return {"cr": "Functions, classes and modules"}.get(of, f"Of {OF.get(of, of)}")


def answered(answers):
    """Return what is typed, and what to write; names that are answered alike in one line."""
    for names, answer in answers.items():
        apart = (
            [[name] for name in names.split()] if re.search(r"{(name|lower)}", answer) else [names.split()]
        )
        for together in apart:
            yield " ".join(f"`{name}`" for name in together), filled(answer, together[0])


def filled(answer, name):
    """Return an answer as a cell: what stands behind its last colon is code."""
    text = answer.format(name=name, lower=name.lower(), **FILLED) if re.search(r"{\w+}", answer) else answer
    words, colon, code = text.rpartition(": ")
    if not colon:
        return piped(text)
    return f"{piped(words)}: `{piped(code)}`"


def piped(text):
    """Return a text for a cell of a table."""
    return text.replace("|", r"\|").replace("*", r"\*") if "`" not in text else text


def meaning(place):
    """Return what a name that works stands for."""
    function = opened(place)
    name = function.__name__
    return f"`cr.{name}`" if name in cr.__all__ else f"{(function.__doc__ or name).partition('.')[0].lower()}"


def arguments():
    """Return a line for each argument that is called otherwise here."""
    for of, answers in habits.ARGUMENTS.items():
        for names, answer in answers.items():
            ours = answer[0] if isinstance(answer, tuple) else answer
            typed = [name for name in names.split() if name.isidentifier()]
            if not typed or not isinstance(ours, str):
                continue
            if ours == "":
                shown = "nothing: it needs no saying"
            else:
                shown = f"`{ours}`" if ours.isidentifier() else filled(ours, typed[0])
            yield f"| `{of}` | {' '.join(f'`{name}`' for name in typed)} | {shown} |"


def values():
    """Return a line for each name in quotes that is called otherwise here."""
    for kind, names in habits.VALUES.items():
        for theirs, ours in names.items():
            yield f"| {kind} | `{theirs!r}` | `{ours!r}` |"
