"""What a report of a bug should say: versions, engines and the machine."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from chainrule.arguments import public
from chainrule.engines.registry import ENGINES, missing
from chainrule.terminal import say

PACKAGES = (
    "numpy", "scipy", "scikit-learn", "llvmlite", "safetensors", "pandas", "matplotlib", "contourpy", "click", "rich",
    "markdown-it-py", "threadpoolctl", "jax",
)  # fmt: skip


@public
def show_versions() -> None:
    """Print the versions of chainrule and of what it uses, which engines run here, and on what.

    No package is imported for it but what an engine needs to look at the machine. The only path is that of the folder
    in which machine code is kept.

    >>> cr.show_versions()
    chainrule ...
    """
    say("\n".join(_lines()))


def _lines() -> list[str]:
    bits = 64 if sys.maxsize > 2**32 else 32
    rows = {
        "chainrule": _version("chainrule"),
        "Python": f"{platform.python_version()}, {platform.python_implementation()}, {bits} bit",
        "platform": platform.platform(),
    }
    rows |= {package: _version(package) for package in PACKAGES}
    for name, engine in ENGINES.items():
        why = missing(name)
        rows[f"engine {name}"] = f"cannot run here: {why}" if why else f"runs here: {engine.says}"
        rows |= {} if why else {f"  {key}": value for key, value in engine.about().items()}
    wide = max(map(len, rows))
    return [f"{key:<{wide}}  {value}" for key, value in rows.items()]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
