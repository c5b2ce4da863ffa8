#!/usr/bin/env bash
# gVisor's runsc for the tests, from the distribution's package where it is missing.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need runsc runsc
