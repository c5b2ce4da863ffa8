"""What every test may ask for."""

import signal

# As a terminal's shell leaves it: under `nohup` every test would inherit that a hangup is ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

pytest_plugins = ["tests.contract.coverage", "tests.engines.fixtures", "tests.engines.fixtures_kubernetes"]
