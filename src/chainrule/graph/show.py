"""Writing a graph: as text and as LaTeX, from the templates in the rows."""

import re
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np

from chainrule.errors import GraphError, short
from chainrule.graph.contraction import contraction
from chainrule.graph.primitives.primitive import CALL, MULTIPLY
from chainrule.graph.shapes import FULL, Steps, show as show_shape
from chainrule.graph.walk import order
from chainrule.shown import WIDE, cut

BEFORE, AFTER = "_t₋₁", "_t₊₁"  # of a step, of which what is named is h_t
STEPS = {"_t": "t", BEFORE: "t-1", AFTER: "t+1"}
LONGEST = 400  # characters of one sub-expression before it becomes "…"


DIGITS = 6  # of a number
MINUS = ("-", "−")


def number(value: Any, digits: int = DIGITS) -> str:
    """Write a number as a person would: 3 and not 3.0, 0.2231 and not 0.22310000000000002.

    >>> number(33.0), number(0.9370266439430035), number(1e-9)
    ('33', '0.937027', '1e-09')
    """
    if isinstance(value, bool | np.bool_):
        return "1" if value else "0"
    text = f"{float(value):.{digits}g}"
    return "0" if text == "-0" else text


def array(value: np.ndarray, digits: int = DIGITS) -> str:
    """Write a value: a number in full, a small array in brackets, a large one by its shape."""
    if value.ndim == 0:
        return number(value, digits)
    if value.size <= 6:
        return np.array2string(value, precision=4, separator=", ", suppress_small=True).replace("\n", "")
    return f"[{show_shape(value.shape)}]"


WORDS: dict[str, Callable[[Any, int], str]] = {
    "shape": lambda shape, _: show_shape(shape),
    "value": array, "exponent": number, "low": number, "high": number, "fill": number,
}  # fmt: skip


def _words(node: Any, parts: Sequence[tuple[str, int]], latex: bool, digits: int = DIGITS) -> dict[str, Any]:
    """Return what a template may name besides the inputs: the attributes, and a few made from them."""
    words = {
        k: WORDS[k](v, digits) if k in WORDS and v is not None else v for k, v in node.attributes.items()
    }
    if "axes" in words:
        everything = len(words["axes"]) == len(node.inputs[0].shape)
        axis = words["axes"][0] if len(words["axes"]) == 1 else words["axes"]
        words["over"] = "" if everything else f", axis={axis}"
    if "index" in words:
        words["at"] = entries(words["index"])
    if "sizes" in words:
        words["window"] = _window(**node.attributes)
    if "{recurrence}" in node.primitive.text:
        words["recurrence"] = _recurrence(node, parts, latex)
        words["which"] = "last" if words["take"] < words["carried"] else "every"
    words["name"] = node.name or node.primitive.name
    return words


def _window(sizes: Steps, strides: Steps, dilations: Steps, **_: Any) -> str:
    """Write what slides over an array: 3×3, stride 2."""
    steps = {"stride": strides, "dilation": dilations}
    said = [f"{k} {_by(v)}" for k, v in steps.items() if any(n != 1 for n in v)]
    return ", ".join(["×".join(map(str, sizes)), *said])


def _by(steps: Steps) -> str:
    return str(steps[0]) if len(set(steps)) == 1 else "×".join(map(str, steps))


def entries(index: Sequence[Any]) -> str:
    """Write what stands in the brackets of an index."""
    return ", ".join(_entry(e) for e in index)


def _entry(entry: Any) -> str:
    if entry == FULL:
        return ":"
    if isinstance(entry, tuple):
        start, stop, step = entry
        ends = f"{'' if start in (0, None) else start}:{'' if stop is None else stop}"
        return ends if step in (1, None) else f"{ends}:{step}"
    return str(entry)


def _recurrence(node: Any, parts: Sequence[tuple[str, int]], latex: bool) -> str:
    """Write a loop as the lectures do, what is taken first: last(h_t = tanh(x_t @ W + h_t₋₁ @ U), h_0 = 0)."""
    body, carried, take, length, reverse = (
        node.attributes[k] for k in ("body", "carried", "take", "length", "reverse")
    )
    given = [_bare(part, binds, latex) for part, binds in parts]
    scanned = body.inputs[carried:]
    before = {h: f"{h.name}{AFTER if reverse else BEFORE}" for h in body.inputs[:carried]}
    now = {n: f"{n.name}_t" for n in (*scanned, *[n for n in body.nodes if n.name and n.inputs])}
    carry = dict(zip(before, body.outputs, strict=False))
    now |= {after: f"{h.name}_t" for h, after in carry.items() if after.inputs}
    now |= before | {n: Written(part) for n, part in zip(body.shared, given[len(body.inputs) :], strict=True)}

    def name(of: str) -> str:
        return latex_name(of) if latex else of

    def formula(n: Any) -> str:
        return text(n, latex, name=lambda x: "" if x is n and x.inputs else now.get(x) or x.name)

    lines = {name(f"{h.name}_t"): formula(after) for h, after in carry.items()}
    lines |= {name(now[n]): formula(n) for n in now if n.inputs and name(now[n]) not in lines}
    steps = [f"{left} = {right}" for left, right in lines.items()]
    first = name(f"{body.inputs[take].name}_t") if take < carried else name(now.get(body.outputs[take], ""))
    if first in lines:
        steps.insert(0, steps.pop(list(lines).index(first)))
    else:
        steps.insert(0, formula(body.outputs[take]))
    slices = zip(scanned, given[carried:], strict=False)
    steps += [f"{name(now[x])} = {part}[t]" for x, part in slices if part != name(x.name)]
    steps += [f"{name(f'{h.name}_0')} = {part}" for h, part in zip(before, given, strict=False)]
    steps += [] if scanned else [f"{length} steps"]
    return ", ".join(steps)


def _bare(part: str, binds: int, latex: bool) -> str:
    return part if binds >= CALL else rf"\left({part}\right)" if latex else f"({part})"


def write(row: Any, parts: list[tuple[str, int]], words: dict[str, Any], latex: bool = False) -> str:
    """Fill a row's template with its inputs, given as (what is written, how tightly it binds)."""
    template = (row.latex or _called(row.text)) if latex else row.text
    needs = row.needs
    if template == "{spec}":
        template, needs = _product(words["spec"], latex)
    fraction = latex and "\\frac" in template
    filled = []
    for position, (part, binds) in enumerate(parts):
        needed = needs[position] if position < len(needs) else 0
        # A sign stands bare only where it begins: -2 + 3, but 3 + (-2) and -(-2).
        signed = part.startswith(MINUS) and row.binds < CALL and (position > 0 or template.startswith(MINUS))
        bare = (binds >= needed and not signed) or fraction
        filled.append(part if bare else rf"\left({part}\right)" if latex else f"({part})")
    try:
        return template.format(*filled, **{"all": ", ".join(p for p, _ in parts), **words})
    except (IndexError, KeyError, ValueError) as error:
        raise GraphError(
            f"'{row.name}' of {len(parts)} inputs cannot be written as {short(template)}: {error}. "
            "{0} stands for the first input, {axis} for an attribute, {{ for a brace."
        ) from None


@lru_cache(maxsize=256)
def _called(template: str) -> str:
    """Return the template of a call in LaTeX, of which the name stands upright."""
    found = re.fullmatch(r"([A-Za-z_]\w*)\((.*)\)", template)
    if not found or template == "{spec}":
        return template
    name = found[1].replace("_", r"\_")
    return rf"\operatorname{{{{{name}}}}}\left({found[2]}\right)"


def _product(spec: str, latex: bool) -> tuple[str, tuple[int, int]]:
    """Return the template of a contraction: a matrix product where it is one, else its index string."""
    plan = contraction(spec)
    flat = not plan.batch and max(len(plan.rows), len(plan.inner), len(plan.columns)) <= 1
    if not flat or plan.out != plan.rows + plan.columns:
        kind = (
            r"\operatorname{{einsum}}_{{{spec}}}\left({0}, {1}\right)"
            if latex
            else "einsum({spec}, {0}, {1})"
        )
        return kind, (0, 0)
    if not plan.inner:
        return (r"{0} \otimes {1}" if latex else "outer({0}, {1})"), ((MULTIPLY, 81) if latex else (0, 0))
    turned = [plan.left != plan.rows + plan.inner, plan.right != plan.inner + plan.columns]
    mark = r"^\top" if latex else "ᵀ"
    left, right = ("{0}" + mark * turned[0], "{1}" + mark * turned[1])
    return f"{left} {'' if latex else '@ '}{right}", (
        80 if turned[0] else MULTIPLY,
        81 if turned[1] else MULTIPLY + 1,
    )


class Template(NamedTuple):
    """How an operation is written: the columns of a row that say it."""

    name: str
    text: str
    latex: str
    binds: int
    needs: tuple[int, ...]


def text(
    node: Any,
    latex: bool = False,
    open_names: bool = False,
    name: Callable[[Any], str] | None = None,
    template: Callable[[Any], Any] | None = None,
    digits: int = DIGITS,
) -> str:
    """Write the expression that ``node`` stands for. Inside it, a named node is written by its name.

    With ``open_names`` names of intermediate nodes are looked through; leaves keep theirs. ``template`` tells how a
    node is written where that is not as its row says: a :class:`Template`, or None. ``digits`` are those of numbers.
    """
    naming = name or (lambda n: n.name)

    def by_name(n: Any) -> bool:
        return n is not node and bool(naming(n)) and not (open_names and n.inputs)

    named, far = _ends(node, by_name)
    written: dict[Any, tuple[str, int]] = dict.fromkeys(far, ("…", CALL))
    for n in order([node], stop=[*named, *far]):
        if n in written:
            continue
        if n in named or (not n.inputs and naming(n)):
            written[n] = (latex_name(naming(n)) if latex else naming(n), CALL)
            continue
        parts = [written[x] for x in n.inputs]
        if n.primitive.unwritten:
            written[n] = parts[0]
            continue
        row = (template and template(n)) or n.primitive
        result = write(row, parts, _words(n, parts, latex, digits), latex)
        binds = row.binds
        if n.primitive.name == "constant" and result.startswith("-"):
            binds = 15
        longest = LONGEST if n is not node else 2 * LONGEST
        written[n] = (result if len(result) <= longest else "…", binds)
    return written[node][0]


def _ends(node: Any, by_name: Callable[[Any], bool]) -> tuple[set[Any], set[Any]]:
    """Return the nodes that an expression ends in: those written by name, and those that no line has room for."""
    named: set[Any] = set()
    far: set[Any] = set()
    seen, waiting, room = {node}, deque([node]), LONGEST
    while waiting:
        n = waiting.popleft()
        if by_name(n):
            named.add(n)
        elif room <= 0 and n.inputs:
            far.add(n)
        else:
            room -= not n.primitive.unwritten
            new = [x for x in dict.fromkeys(n.inputs) if x not in seen]
            seen.update(new)
            waiting.extend(new)
    return named, far


def line(node: Any) -> str:
    """Write a node with its name, shape and dtype, on one line."""
    before = f"<{cut(node.name, 30)}: " if node.name else "<"
    after = f", {cut(show_shape(node.shape), 40)} {node.dtype}>"
    return f"{before}{cut(text(node), max(WIDE - len(before) - len(after), 20))}{after}"


ACCENTS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot"}


class Written(str):
    """What is no name, but stands where one does: an expression as it is written."""

    __slots__ = ()


def latex_name(name: str) -> str:
    """Write a name in LaTeX: ``W1`` as W_{1}, ``dJ/du`` as a fraction.

    >>> latex_name("gamma_1"), latex_name("dJ/du")
    ('\\\\gamma_{1}', '\\\\frac{dJ}{du}')
    """
    if isinstance(name, Written):
        return name
    for ending, index in STEPS.items():
        if name.endswith(ending):
            return f"{{{latex_name(name.removesuffix(ending))}}}_{{{index}}}"
    above, slash, below = name.partition("/")
    if slash and above.startswith("d") and below.startswith("d"):
        return rf"\frac{{d{latex_name(above[1:])}}}{{d{latex_name(below[1:])}}}"
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :]
    stem = stem.rstrip("_") if digits else stem
    letter, accent = (*normalize("NFD", stem), "", "")[:2] if stem else ("", "")
    if accent in ACCENTS and len(normalize("NFD", stem)) == 2:
        hatted = rf"\{ACCENTS[accent]}{{{letter}}}"
        return f"{hatted}_{{{digits}}}" if digits else hatted
    greek = {"alpha", "beta", "gamma", "theta", "mu", "sigma", "eta", "lambda"}
    if stem in greek:
        stem = f"\\{stem}"
    elif len(stem) != 1 or not stem.isalnum() or not (stem.isascii() or "\u0370" <= stem <= "\u03ff"):
        stem, digits = (stem, digits) if stem else (digits, "")
        stem = rf"\text{{{_escaped(stem)}}}"
    return f"{stem}_{{{digits}}}" if digits else stem


def _escaped(words: str) -> str:
    """Write words inside LaTeX text: what would be a command gets a backslash, or becomes a space."""
    return re.sub(r"([%&#${}])", r"\\\1", re.sub(r"[_\\^~]", " ", words))
