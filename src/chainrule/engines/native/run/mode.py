"""What the environment asks of compiled code, for finding mistakes: to check itself, and to be cut into parts."""

import os
from collections.abc import Hashable

from chainrule.errors import UnknownNameError
from chainrule.transform.verify import checked as checked

MOST_PARTS = 64


def parts() -> int:
    """Return into how many parts each loop that may be shared is cut; 0: by its size. ``CHAINRULE_SHARE=3``."""
    wanted = os.environ.get("CHAINRULE_SHARE", "") or "0"
    if not (wanted.isdecimal() and int(wanted) <= MOST_PARTS):
        raise UnknownNameError(
            f"CHAINRULE_SHARE is {wanted!r}, which is no number of parts. Set it to a whole number from 1 to "
            f"{MOST_PARTS}, or leave it out."
        )
    return int(wanted)


def mode() -> Hashable:
    """Return what tells code compiled now from code that was compiled in another mode."""
    return checked(), parts()
