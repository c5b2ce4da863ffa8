"""The command `sandboxctl`, and `python -m sandboxctl`."""

from __future__ import annotations

import sys

from sandboxctl.cli import first_words


def main() -> int:
    """Runs the command line that we were called with, and returns its exit code."""
    known = None if sys.stdout is None else first_words.answer(sys.argv[1:])
    if known is not None and first_words.say(known):
        return 0
    from sandboxctl.cli import boundary  # what is answered already needs none of it

    return boundary.main()


if __name__ == "__main__":
    sys.exit(main())
