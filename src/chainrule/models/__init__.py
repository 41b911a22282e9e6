"""Raw data in, predictions out: one file a kind of data."""
