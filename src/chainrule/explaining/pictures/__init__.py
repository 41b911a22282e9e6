"""Pictures of graphs, networks and trainings: each function computes by what there is, and returns a ``cr.Picture``.

    cr.pictures.Picture     what is drawn, as data: panels with marks and axes, and words

A name is loaded when it is first used.
"""

from typing import Any

from chainrule.doors import opened
from chainrule.friendly import of_module

# Which module of this room has which names: all of its `__all__`. The type stub has them too, by a star.
_HOMES = {
    "picture": ["Axis", "Panel", "Picture", "beside"],
    "marks": [
        "Band", "Bars", "Contours", "Heat", "Line", "Mark", "Patches", "Points", "Rule", "Spans", "Text",
    ],
    "diagrams": ["Arrow", "Box"],
    "attributing": ["attributions", "importance"],
    "boundaries": ["boundary"],
    "bowls": ["bowl"],
    "confusions": ["confusion"],
    "curves": ["calibration", "precision_recall", "roc", "thresholds"],
    "regressions": ["predicted_against_true", "residuals"],
    "spaces": ["hidden"],
    "trainings": ["costs", "history", "learning_rates"],
    "norming": ["norms", "weights_over_time"],
    "activating": ["activation"],
    "comparing": ["compare"],
    "scaling": ["scale"],
    "networks": ["network"],
    "inside": ["feature_maps", "filters", "predictions"],
    "recurrences": ["cell", "gates"],
    "distributions": ["activations", "dead_units", "gradients", "weights"],
}  # fmt: skip
_PLACES = {name: f"{__name__}.{home}:{name}" for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted(_PLACES)
    if name not in _PLACES:
        if name.startswith("__"):
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        return of_module(__name__, name, _PLACES, "cr.pictures")
    value = globals()[name] = opened(_PLACES[name])
    return value


def __dir__() -> list[str]:
    return sorted(_PLACES)
