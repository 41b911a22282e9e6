"""The chain rule told step by step: an explanation is data first, words second."""

from chainrule.explaining import pictures as pictures
