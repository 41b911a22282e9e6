r"""MathML, which browsers set by themselves: converted from the LaTeX that rows and explanations are written in.

That LaTeX is a small language (see the rows' templates): fractions, roots, indices and powers, brackets, names, sums,
matrices and cases. What it does not know, a command of a row of the user's, is written as its name.
"""

import re
from collections.abc import Callable
from html import escape as escaped
from itertools import zip_longest

from chainrule.shown import visible

SYMBOLS = {
    "cdot": "·", "times": "×", "circ": "∘", "odot": "⊙", "otimes": "⊗", "ge": "≥", "geq": "≥", "le": "≤", "leq": "≤",
    "ne": "≠", "neq": "≠", "land": "∧", "wedge": "∧", "lor": "∨", "vee": "∨",
    "neg": "¬", "lnot": "¬", "in": "∈", "to": "→", "top": "⊤",
    "ldots": "…", "cdots": "⋯", "vdots": "⋮", "ddots": "⋱", "sum": "∑", "prod": "∏", "pm": "±", "star": "⋆",
    "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "langle": "⟨", "rangle": "⟩", "lVert": "‖", "rVert": "‖",
    "approx": "≈", "equiv": "≡", "mid": "∣", "{": "{", "}": "}", "|": "‖", "mapsto": "↦", "Rightarrow": "⇒",
}  # fmt: skip
LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "eta": "η", "theta": "θ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "psi": "ψ",
    "omega": "ω", "Delta": "Δ", "Sigma": "Σ", "Phi": "Φ", "infty": "∞", "partial": "∂", "nabla": "∇", "hbar": "ℏ",
}  # fmt: skip
SPACES = {"quad": "1em", "qquad": "2em", ",": "0.17em", ";": "0.28em", ":": "0.22em", "!": "0", " ": "0.33em"}
FENCES = {"bmatrix": "[]", "pmatrix": "()", "cases": "{", "aligned": "", "matrix": ""}
TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
BIG = ("\\sum", "\\prod", "\\max", "\\min")  # below which their index stands


def mathml(latex: str) -> str:
    r"""Return a formula as an element of MathML.

    >>> mathml(r"\frac{a}{2}")
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mi>a</mi><mn>2</mn></mfrac></math>'
    """
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML">{inside(latex)}</math>'


def _text(text: str) -> str:
    """Return what of a name may stand in XML, and gives no orders where it is printed."""
    return escaped(visible(text))


def inside(latex: str) -> str:
    """Return what stands in such an element."""
    return _Reader(latex).row()


class _Reader:
    """What is left to be read of a formula."""

    def __init__(self, latex: str) -> None:
        self.tokens = TOKEN.findall(latex)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def skip(self) -> None:
        while self.peek().isspace():
            self.at += 1

    def row(self, ends: tuple[str, ...] = ()) -> str:
        """Read up to one of ``ends``, which is left to be read, or to the end."""
        parts = []
        while self.peek() and self.peek() not in ends:
            part = self.scripted()
            if part:
                parts.append(part)
        return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"

    def scripted(self) -> str:
        """Read one thing and what stands below and above it."""
        base_token = self.peek()
        base = self.one()
        scripts: dict[str, str] = {}
        while self.peek() in ("_", "^") and self.peek() not in scripts:
            which = self.take()
            scripts[which] = self.argument()
        if not scripts:
            return base
        base = base or "<mrow></mrow>"
        tags = {"_": "munder", "^": "mover", "_^": "munderover"} if base_token in BIG else {}
        kind = "".join(sorted(scripts, key="_^".index))
        tag = tags.get(kind, {"_": "msub", "^": "msup", "_^": "msubsup"}[kind])
        return f"<{tag}>{base}{''.join(scripts[k] for k in kind)}</{tag}>"

    def argument(self) -> str:
        """Read what a command is of: what stands in braces, or one thing."""
        self.skip()
        return self.one()

    def raw(self) -> str:
        """Read words in braces, as they are."""
        self.skip()
        if self.peek() != "{":
            return self.take()
        depth, words = 0, []
        while self.peek():
            token = self.take()
            depth += (token == "{") - (token == "}")
            if not depth:
                break
            words.append(token[1:] if token.startswith("\\") and len(token) == 2 else token)
        return "".join(words[1:])

    def one(self) -> str:
        token = self.take()
        if token.isspace() or not token:
            return ""
        if token == "{":
            found = self.row(("}",))
            self.take()
            return found
        if token.startswith("\\"):
            return self.command(token[1:])
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{_text(token)}</mi>"
        return _operator({"-": "−", "*": "∗", "'": "′"}.get(token, token))

    def command(self, name: str) -> str:
        if name in COMMANDS:
            return COMMANDS[name](self)
        if name in SYMBOLS:
            return _operator(SYMBOLS[name])
        if name in LETTERS:
            return f"<mi>{LETTERS[name]}</mi>"
        if name in SPACES:
            return f'<mspace width="{SPACES[name]}"/>'
        return f"<mi>{_text(name)}</mi>"  # log, tanh, max: what LaTeX knows as a function, and all others


def _operator(sign: str) -> str:
    stretches = ' stretchy="false"' if sign in "()[]{}|‖⌊⌋⌈⌉" else ""
    return f"<mo{stretches}>{_text(sign)}</mo>"


def _fraction(reader: _Reader) -> str:
    return f"<mfrac>{reader.argument()}{reader.argument()}</mfrac>"


def _root(reader: _Reader) -> str:
    if reader.peek() == "[":
        reader.take()
        degree = reader.row(("]",))
        reader.take()
        return f"<mroot>{reader.argument()}{degree}</mroot>"
    return f"<msqrt>{reader.argument()}</msqrt>"


def _accent(sign: str) -> Callable[[_Reader], str]:
    return lambda reader: f'<mover accent="true">{reader.argument()}<mo>{sign}</mo></mover>'


def _between(reader: _Reader) -> str:
    first = _fence(reader)
    within = reader.row(("\\right",))
    reader.take()
    return f"<mrow>{first}{within}{_fence(reader)}</mrow>"


def _fence(reader: _Reader) -> str:
    reader.skip()
    token = reader.take()
    sign = SYMBOLS.get(token[1:], token[1:]) if token.startswith("\\") else token
    return "" if sign in (".", "") else f'<mo fence="true">{_text(sign)}</mo>'


def _words(tag: str) -> Callable[[_Reader], str]:
    return lambda reader: f"<{tag}>{_text(reader.raw())}</{tag}>"


def _table(reader: _Reader) -> str:
    kind = reader.raw()
    rows: list[list[str]] = [[]]
    while reader.peek():
        rows[-1].append(reader.row(("&", "\\\\", "\\end")))
        end = reader.take()
        if end == "\\end":
            reader.raw()
            break
        if end == "\\\\":
            rows.append([])
    fence = FENCES.get(kind, "")
    sides = {"aligned": ("right", "left"), "cases": ("left", "left")}.get(kind, ())
    styles = [f' style="text-align:{side};padding-right:.3em"' for side in sides]
    cells = []
    for row in rows:
        styled = zip_longest(row, styles[: len(row)], fillvalue="")
        cells.append("".join(f"<mtd{style}>{cell}</mtd>" for cell, style in styled))
    large = ' displaystyle="true"' if kind == "aligned" else ""
    table = f"<mtable{large}>{''.join(f'<mtr>{row}</mtr>' for row in cells)}</mtable>"
    left, right = (f'<mo fence="true">{sign}</mo>' if sign.strip() else "" for sign in f"{fence:<2}")
    return f"<mrow>{left}{table}{right}</mrow>"


COMMANDS: dict[str, Callable[[_Reader], str]] = {
    "frac": _fraction,
    "sqrt": _root,
    "left": _between,
    "text": _words("mtext"),
    "operatorname": _words("mi"),
    "mathrm": _words("mi"),
    "begin": _table,
    "hat": _accent("^"),
    "bar": _accent("¯"),
    "tilde": _accent("~"),
    "dot": _accent("˙"),
}
