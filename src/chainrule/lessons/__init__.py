"""Lessons: short programs whose numbers are asserted, whose pictures are computed and whose exercises are checked.

A lesson is one file in ``course/``. Comments after ``# %%`` are its text, the rest is code on public names, and five
words say what a reader is to see.
"""

from chainrule.lessons.words import answer, begin, exercise, holds, number, picture, remember

__all__ = ["answer", "begin", "exercise", "holds", "number", "picture", "remember"]
