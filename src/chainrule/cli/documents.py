"""What commands print for people, as plain data for programs: a plan, and a model."""

from typing import Any

import chainrule as cr
from chainrule.cli.speech import spoken


def of_plan(plan: Any) -> dict[str, Any]:
    """Return what a training would do: the target, every column, and the sentences that are printed."""
    about = [
        spoken(sentence) for sentence in plan.about if "\n" not in sentence
    ]  # the table of columns stands beside
    return {"target": plan.target.to_dict(), **_columns(plan.columns), "about": about}


def of_model(model: Any) -> dict[str, Any]:
    """Return what a model is, and how good: a network, with what it predicts from what where that is known."""
    if not isinstance(model, cr.TableModel):
        return {"network": _network(model)}
    return {
        "target": model.target.to_dict(),
        **_columns(model.columns),
        "network": _network(model.network),
        "report": model.report.to_dict(),
    }


def _columns(columns: Any) -> dict[str, Any]:
    planned = [{"name": each.name, "kind": each.kind, "becomes": each.says} for each in columns.plan]
    return {"columns": planned, "features": columns.width}


def _network(network: Any) -> dict[str, Any]:
    shapes = {name: list(array.shape) for name, array in network.parameters.items()}
    return {
        "layers": [repr(layer) for layer in network.layers],
        "parameters": shapes,
        "numbers": sum(array.size for array in network.parameters.values()),
    }
