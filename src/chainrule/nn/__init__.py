"""Layers, activations, losses, initializers, architecture: functions that build graph and know no engine."""
