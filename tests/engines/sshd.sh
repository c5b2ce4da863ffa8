#!/usr/bin/env bash
# An OpenSSH server for the tests: sshd.sh PATH prints the path of its program,
# which is installed where it is missing. The tests run it themselves, on the
# loopback, with a configuration of their own. On a machine with systemd the
# package would start a service for everybody: there its user decides.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! have sshd; then
    [[ ! -d /run/systemd/system ]] || die "not installed: sshd; the package openssh-server also starts a service, so install it yourself"
fi
need sshd openssh-server ssh openssh-client openssl openssl
install -d -m 0755 /run/sshd # sshd wants it, and on most machines a service makes it
command -v sshd
