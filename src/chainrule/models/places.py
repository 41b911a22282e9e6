"""What the files in the folder of a run are called."""

MODEL = "model.safetensors"
CONFIG = "config.toml"
HISTORY = "history.csv"
METRICS = "metrics.json"
PREDICTIONS = "predictions.csv"
COMPARISON = "compare.csv"  # of several networks, of which one won
CARD = "card.md"
CHECKPOINT = "checkpoint.safetensors"  # while it trains
