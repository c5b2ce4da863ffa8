"""What every test may ask for."""

pytest_plugins = ["tests.contract.coverage", "tests.engines.fixtures", "tests.engines.fixtures_kubernetes"]
