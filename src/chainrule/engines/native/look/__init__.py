"""Looking at it: stages as text, and the debugging mode."""
