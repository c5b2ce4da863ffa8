#!/usr/bin/env bash
# The main job from end to end, on a real engine. `make demo` runs it.
# Each command is printed before it runs; the first one that fails ends the demo.
#
# DEMO_IMAGE names an image with sh and python3 that the engine has, DEMO_BACKEND the
# engine: docker or podman (no service of it needs to run), else the first that is here.
set -euo pipefail

image=${DEMO_IMAGE:-localhost/sandboxctl-test/python:3.11}
# A name of its own, so that two demos, or yours and a sandbox of yours, never meet.
name=demo-$$
directory=$(mktemp -d)
cd "$directory"

# However the demo ends, nothing of it stays.
clean_up() {
    local code=$?
    sandboxctl delete "$name" --yes >/dev/null 2>&1 || true
    rm -rf "$directory"
    exit "$code"
}
trap clean_up EXIT

title() { printf '\n# %s\n' "$*"; }

run() {
    printf '$ %s\n' "${*@Q}" | sed "s/'\([A-Za-z0-9_.,:=/@%+-]*\)'/\1/g"
    "$@"
}

cat >sandbox.yaml <<END
apiVersion: sandboxctl.dev/v1
kind: Sandbox
metadata:
  name: $name
spec:
  backend: ${DEMO_BACKEND:-auto}
  image: $image
  resources: {cpu: 500m, memory: 128Mi, pids: 64}
END

title "One file says what the sandbox is. What it leaves out is restricted: no network, no capabilities, a read-only root."
run cat sandbox.yaml
title "Everything that is wrong with it, at once. (Nothing is.)"
run sandboxctl validate
title "What would be done. Nothing is written."
run sandboxctl plan
title "Do it: created, started, and each control compared with what the kernel says."
run sandboxctl apply --yes
run sandboxctl list
title "Prove every control on the live sandbox."
run sandboxctl verify
title "Use it."
run sandboxctl exec "$name" -- python3 -c 'import os; print("hello from uid", os.getuid(), "in", os.getcwd())'
title "Twice the memory. The plan says what that takes: a live change, or (Podman before 5.1) another container."
run sed -i 's/memory: 128Mi/memory: 256Mi/' sandbox.yaml
run sandboxctl plan
run sandboxctl apply --yes
title "The plan is empty again: the live sandbox is what the file says."
run sandboxctl plan
title "Remove it."
run sandboxctl delete --yes "$name"
run sandboxctl list
