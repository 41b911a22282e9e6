"""What a run keeps for its report, as training writes it, with one text in all places where a user's text may stand."""

import json

import chainrule as cr

KINDS = {
    "regression": ("predicted_against_true", "residuals"),
    "binary": ("confusion", "roc", "precision_recall", "calibration", "thresholds"),
}


def views_of(model, text, rows=12):
    names = [text, *(f"{text} {i}" for i in range(5))]
    kinds = KINDS.get(model.target.task, KINDS["binary"][:-1])
    pictures = {kind: model.plot(kind).to_dict() for kind in kinds} if model.judged else {}
    table = {
        "title": text,
        "says": [text, text],
        "heads": [text, "adds"],
        "rows": [[text, "+1"]] * rows,
        "left": [0],
    }
    trial = {"metric": text, "before": 0.4, "after": 0.25}
    return {
        "format": 1,
        "made": "2026-11-26",
        "best_epoch": 3,
        "versions": {"chainrule": "0.2.0", "python": "3.12.3"},
        "rows": {"kind": "test", "count": 30, "says": text},
        "data": {"name": text, "rows": 150, "columns": 5},
        "pictures": {**pictures, "network": model.draw().to_dict()},
        "network": {"says": [text]},
        "calibration": {"verdict": text, "says": text},
        "wrong": {
            "says": [text],
            "columns": names,
            "rows": [
                {"row": i if i % 2 else text, "cells": names, "true": text, "said": text, "sure": 0.97, "off": -12.5}
                for i in range(rows)
            ],
        },
        "slices": {
            "says": [text],
            "metric": "accuracy",
            "overall": 0.87,
            "found": [
                {"column": text, "where": text, "rows": 52, "value": 0.71, "interval": [0.58, 0.82], "p": 0.002}
            ]
            * rows,
        },
        "importance": {
            "says": [text],
            "metric": "accuracy",
            "columns": [{"name": name, "mean": 0.3, "low": 0.2, "high": 0.4} for name in names] * rows,
        },
        "explained": {"row": text, "tables": [table, table]},
        "columns": [
            {"name": name, "kind": "number", "becomes": text, "why": text, "missing": 3, "distinct": 43,
             "low": text, "high": 2.0, "quantiles": None, "common": [[text, 3]]}
            for name in names
        ]
        * rows,
        "doctor": {
            "says": [text],
            "tried": 6,
            "seconds": 1.2,
            "found": [
                {"cause": text, "severity": "warning", "sentence": text, "evidence": {text: [text, 1.5]},
                 "change": text, "trial": trial},
                {"cause": text, "severity": text, "sentence": text, "evidence": [text], "change": "", "trial": text},
            ]
            * rows,
        },
    }  # fmt: skip


def trained(folder, data="iris", **choices):
    """Train in a few epochs, in the folder of a run."""
    return cr.TableModel.train(data, epochs=3, run=folder, **choices)


def write(folder, views):
    (folder / "views.json").write_text(json.dumps(views), encoding="utf-8")
