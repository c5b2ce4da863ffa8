#!/usr/bin/env bash
# Makes or updates .venv with all that development and the tests need.
# PYTHON (default: the newest of python3.11 and later that is here) makes it.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=engines/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/engines/lib.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local python
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if have "$python" && new_enough "$python"; then
            echo "$python"
            return
        fi
    done
    die "Python 3.11 or later is needed; name one with PYTHON=…"
}

need python3 python3
python=$(find_python)
# Debian keeps what venv needs in a package of its own, without a command.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    install_packages "$(basename "$(readlink -f "$(command -v "$python")")")-venv"
fi
[[ -x .venv/bin/python ]] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --editable '.[all,dev]'
