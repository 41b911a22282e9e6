"""What the files in the folder of a run are called."""

MODEL = "model.safetensors"
CONFIG = "config.toml"
HISTORY = "history.csv"
METRICS = "metrics.json"
PREDICTIONS = "predictions.csv"
COMPARISON = "compare.csv"  # of several networks, of which one won
CARD = "card.md"
VIEWS = "views.json"  # what was computed for the report
REPORT = "report.html"
CHECKPOINT = "checkpoint.safetensors"  # while it trains
