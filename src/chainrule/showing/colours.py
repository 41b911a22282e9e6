"""Colours by what they mean: for light pages, for dark ones, and for pages of which nobody knows which they are.

Blue and orange stand for positive and negative, never green and red. The eight of series differ for all kinds of colour
blindness, and lines differ by their dashes too.
"""

from collections.abc import Sequence

import numpy as np

MEANT = ("positive", "negative", "right", "wrong")
SERIES = ("c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8")
LIGHT = {
    "paper": "#ffffff", "ink": "#1f2328", "muted": "#59636e", "faint": "#d8dde3",
    "c1": "#0a66b7", "c2": "#bd530b", "c3": "#0b7a5b", "c4": "#8a4fa3", "c5": "#94700a", "c6": "#2f8fbf",
    "c7": "#bb4a83", "c8": "#6b6f76", "positive": "#0a66b7", "negative": "#bd530b", "right": "#0b7a5b",
    "wrong": "#b42318",
}  # fmt: skip
DARK = {
    "paper": "#0d1117", "ink": "#e6edf3", "muted": "#9da7b3", "faint": "#323943",
    "c1": "#5eb0f5", "c2": "#f79a4f", "c3": "#40c7a0", "c4": "#c794e2", "c5": "#d9b44a", "c6": "#8ed2f2",
    "c7": "#ef8dba", "c8": "#a9afb8", "positive": "#5eb0f5", "negative": "#f79a4f", "right": "#40c7a0",
    "wrong": "#ff8f80",
}  # fmt: skip
EITHER = {  # where the page's own colour is all that is known of it, and its ground only as notebooks call that
    "paper": "var(--jp-layout-color0,var(--vscode-editor-background,var(--colab-primary-surface-color,transparent)))",
    "ink": "currentColor", "muted": "color-mix(in srgb,currentColor 70%,transparent)",
    "faint": "color-mix(in srgb,currentColor 20%,transparent)",
    "c1": "#2c84d2", "c2": "#d9701f", "c3": "#15987a", "c4": "#a668c0", "c5": "#b08a1e", "c6": "#3d9fca",
    "c7": "#d0639b", "c8": "#80868e", "positive": "#2c84d2", "negative": "#d9701f", "right": "#15987a",
    "wrong": "#dc5244",
}  # fmt: skip

# On a ground that nobody knows, letters take something of the ink's colour, so that they are read on either.
EITHER |= {
    f"{role}-said": f"color-mix(in srgb,{EITHER[role]} 60%,currentColor)" for role in (*SERIES, *MEANT)
}

MIDDLE = 243.0  # the grey that colours are mixed with to be faint
LARGE = 1e300  # from which on differences may be no floats
# Anchors of palettes, at equal distances.
PALETTES: dict[str, tuple[str, ...]] = {
    "sequential": ("#ebf1f8", "#c6dbef", "#8bbcdf", "#4a94c7", "#1f69a6", "#0a3a70"),
    "diverging": ("#9a4300", "#d9701f", "#f2b27c", "#f6f5f3", "#93c1e6", "#2c7fc4", "#0a4c8a"),
    "grey": ("#000000", "#ffffff"),
}


def shade(values: np.ndarray, palette: str, limits: tuple[float, float], faint: bool = False) -> np.ndarray:
    """Return the colours of numbers, bytes of shape (..., 3); those beyond the limits have the first or the last."""
    if palette == "classes":
        return _classes(np.nan_to_num(values)).round().astype(np.uint8)
    anchors = rgb(PALETTES[palette])
    low, high = limits
    by = 4.0 if max(-low, high) > LARGE else 1.0  # so that high - low is a float
    within = np.clip(np.nan_to_num(values, nan=low), low, high) / by
    share = np.clip((within - low / by) / (high / by - low / by), 0, 1) * (len(anchors) - 1)
    left = np.minimum(share.astype(int), len(anchors) - 2)
    part = (share - left)[..., None]
    colours = anchors[left] * (1 - part) + anchors[left + 1] * part
    return (colours * 0.55 + MIDDLE * 0.45 if faint else colours).round().astype(np.uint8)


def _classes(values: np.ndarray) -> np.ndarray:
    """Return the colours of classes: full for whole numbers, and for what lies between as strong as the rest says."""
    anchors = rgb([EITHER[name] for name in SERIES])
    which = np.floor(values)
    part = (values - which)[..., None]
    strength = np.where(part > 0, 0.15 + 0.6 * part, 1.0)
    return anchors[which.astype(int) % len(anchors)] * strength + MIDDLE * (1 - strength)


def rgb(colours: Sequence[str]) -> np.ndarray:
    """Return colours as numbers from 0 to 255, of shape (n, 3).

    >>> rgb(["#ff0080"])
    array([[255.,   0., 128.]])
    """
    return np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours], np.float64)


def hexadecimal(colour: Sequence[int]) -> str:
    """Return a colour as style sheets have it.

    >>> hexadecimal([255, 0, 128])
    '#ff0080'
    """
    return "#" + "".join(f"{int(part):02x}" for part in colour)


def readable_on(colour: Sequence[int]) -> str:
    """Return black or white, whichever reads better on a colour (the luminance of WCAG 2)."""
    linear = (np.asarray(colour) / 255) ** 2.2
    return "#000000" if linear @ np.array([0.2126, 0.7152, 0.0722]) > 0.2 else "#ffffff"
