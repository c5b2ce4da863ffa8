"""What every test may ask for."""

import signal

# As a terminal's shell leaves them: under `nohup`, or behind a script's `&`, every test would inherit that they are ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "tests.contract.coverage",
    "tests.engines.fixtures",
    "tests.engines.fixtures_kubernetes",
    "tests.engines.registry",
]
