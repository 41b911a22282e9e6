"""The command ``chainrule``, and ``python -m chainrule``."""

import sys
from typing import NoReturn

from chainrule.doors import opened


def main() -> None:
    """Run the command line; Ctrl-C while it is being imported, or while it ends, is no traceback."""
    try:
        command = opened("chainrule.cli.main:main")
    except KeyboardInterrupt:
        _stopped(" before anything was saved")
    try:
        command()
    except KeyboardInterrupt:
        _stopped()


def _stopped(nothing: str = "") -> NoReturn:
    print(f"Error: Stopped by Ctrl-C{nothing}.", file=sys.stderr)
    sys.exit(130)


if __name__ == "__main__":
    main()
