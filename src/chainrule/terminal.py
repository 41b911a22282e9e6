"""Terminals and their shells: letters that an output has not are spelled, and words are quoted as its shell takes them.

A pipe of Windows has the 256 letters of its country: no σ and no line of a table.
"""

import codecs
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SPELLED = "chainrule.spelled"  # as "replace" is one

# each sign with how it is spelled
_WORDS = (
    "…... ·* ×x ÷/ ∘* ⊙* ⊗* ∗* −- –- —- ±+/- →-> ←<- ↦-> ⇒=> ≤<= ≥>= ≠!= ≈~ ≡== ‖|| ∣| ✓+ ✗x ∂d ∇grad ∑sum ∏prod "
    "√sqrt ∞inf ∈in ∧and ∨or ¬! ⌊floor( ⌋) ⌈ceil( ⌉) ⟨< ⟩> ⋮: ⋯... ′' ’' ⊤T ϵepsilon ½1/2"
)
_ACCENTS = {
    "\u0302": "^",
    "\u0304": "-",
    "\u0303": "~",
    "\u0307": ".",
}  # of ŷ, x̄ and their kin, behind the letter
_SIGNS = {word[0]: word[1:] for word in _WORDS.split()} | _ACCENTS


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    refused = error.object[error.start : error.end]
    # all in ASCII: the error does not say what else the encoding has
    pieces = "".join(_SIGNS.get(piece, piece) for letter in refused for piece in _pieces(letter))
    return pieces.encode("ascii", "backslashreplace").decode(), error.end


def _pieces(letter: str) -> str:
    """Return what a letter is called, looks like or is made of; itself, where it is a letter of some language."""
    import unicodedata  # noqa: PLC0415 -- only where a letter is refused

    if letter in _SIGNS:
        return _SIGNS[letter]
    name, made_of = unicodedata.name(letter, ""), unicodedata.normalize("NFKD", letter)
    if found := re.match(r"GREEK (SMALL|CAPITAL) LETTER (\w+)$", name):
        return found[2].lower() if found[1] == "SMALL" else found[2].capitalize()
    if name.startswith("BOX DRAWINGS"):
        return "-" if name.endswith("HORIZONTAL") else "|" if name.endswith("VERTICAL") else "+"
    if name.startswith(("SUPERSCRIPT", "MODIFIER LETTER")):
        return f"^{made_of}"
    if name.endswith("BLOCK"):
        return "#"
    return made_of if name.startswith("SUBSCRIPT") or made_of[1:] in _ACCENTS else letter


codecs.register_error(SPELLED, _spell)


def spelled(text: str, encoding: str | None) -> str:
    """Return a text in the letters that an encoding has.

    >>> print(spelled("dŷ/dz₁ = σ(z₁)² · ½ → 北", "ascii"))
    dy^/dz1 = sigma(z1)^2 * 1/2 -> \\u5317
    >>> spelled("σ · é", "utf-8"), spelled("σ · é", "cp1252")
    ('σ · é', 'sigma · é')
    """
    known = encoding or "ascii"
    return text.encode(known, SPELLED).decode(known)


def has_all(encoding: str | None) -> bool:
    """Say whether an encoding has every letter.

    >>> has_all("utf-8"), has_all("UTF8"), has_all("utf-16-le"), has_all("cp1252"), has_all(None)
    (True, True, True, False, True)
    """
    return codecs.lookup(encoding or "utf-8").name.startswith("utf")


@contextmanager
def spelling(stream: Any) -> Iterator[None]:
    """Let a stream spell inside what it would refuse, unless somebody chose what it does with that."""
    before = getattr(stream, "errors", "")
    if (
        before not in ("strict", "surrogateescape")
        or has_all(stream.encoding)
        or not hasattr(stream, "reconfigure")
    ):
        yield
        return
    stream.reconfigure(errors=SPELLED)
    try:
        yield
    finally:
        stream.reconfigure(errors=before)


def say(text: str) -> None:
    """Print a text to the standard output."""
    with spelling(sys.stdout):
        print(text)


def quoted(*words: str, windows: bool = os.name == "nt") -> str:
    r"""Return words as they are typed in a shell: one of Unix, or both of Windows.

    >>> print(quoted("chainrule", "train", "my houses.csv"))
    chainrule train 'my houses.csv'
    >>> print(quoted("chainrule", "summary", r"runs\houses-001", "C:\\my runs\\", windows=True))
    chainrule summary runs\houses-001 "C:\my runs\\"
    """
    return " ".join(_for_windows(word) for word in words) if windows else shlex.join(words)


def _for_windows(word: str) -> str:
    if re.fullmatch(r"[\w.:/\\@+=~-]+", word):
        return word
    # Programs take backslashes as they are but before a quote, where they are doubled.
    inside = re.sub(r'(\\*)("|$)', lambda found: 2 * found[1] + ('\\"' if found[2] else ""), word)
    return f'"{inside}"'
