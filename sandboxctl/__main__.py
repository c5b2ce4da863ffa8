"""The command `sandboxctl`, and `python -m sandboxctl`."""

from __future__ import annotations

import sys

from sandboxctl.cli.boundary import main

if __name__ == "__main__":
    sys.exit(main())
