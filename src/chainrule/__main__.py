"""The command ``chainrule``, and ``python -m chainrule``."""

import sys

from chainrule.doors import opened


def main() -> None:
    """Run the command line; Ctrl-C while it is being imported ends it without a traceback."""
    try:
        opened("chainrule.cli.main:main")()
    except KeyboardInterrupt:
        print("Error: Stopped by Ctrl-C before anything was saved.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
