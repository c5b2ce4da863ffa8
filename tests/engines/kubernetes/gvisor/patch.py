"""Two edits of gVisor: patch.py DIRECTORY, a copy of its sources.

A score of the out-of-memory killer that may not be set is no reason not to start a sandbox: without CAP_SYS_RESOURCE
none can be lowered, and runc and containerd have a setting for that, which gVisor has not.
"""

from __future__ import annotations

import sys
from pathlib import Path

EDITS = {
    "pkg/shim/v1/manager.go": (
        'return shim.BootstrapParams{}, fmt.Errorf("failed to set OOM Score on shim: %w", err)',
        "_ = err",
    ),
    "runsc/container/container.go": (
        'return fmt.Errorf("setting oom_score_adj to %d: %v", scoreAdj, err)',
        'log.Warningf("oom_score_adj %d: %v", scoreAdj, err)',
    ),
}


def main() -> None:
    for name, (old, new) in EDITS.items():
        path = Path(sys.argv[1], name)
        text = path.read_text()
        if text.count(old) != 1:  # other sources than these edits are for
            raise SystemExit(f"patch.py: expected one of {old!r} in {name}, found {text.count(old)}")
        path.write_text(text.replace(old, new))


if __name__ == "__main__":
    main()
