"""What each command loads: an import is paid for on every call. And the contracts of pyproject.toml hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "minimal.yaml"

NEVER_TO_READ = ("docker", "podman", "kubernetes", "requests", "urllib3", "rich", "urllib.request", "http.client", "ssl",
                 "asyncio")  # fmt: skip
"""Libraries that neither checking nor rendering has a use for."""


def loaded_by(*words: str, cwd: Path) -> set[str]:
    """Every module that a command has loaded when it ends; it has to end well."""
    program = (
        "import sys\n"
        "from sandboxctl.__main__ import main\n"
        "try:\n"
        f"    sys.argv = ['sandboxctl', *{list(words)!r}]\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "print('\\n' + '\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=cwd, env=environ, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split("\n"))


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("version",),
        ("validate", str(EXAMPLE)),
        ("validate", str(EXAMPLE), "--for", "docker,podman,kubernetes"),
        ("render", str(EXAMPLE), "--backend", "docker"),
        ("render", str(EXAMPLE), "--backend", "podman"),
        ("render", str(EXAMPLE), "--backend", "kubernetes", "--output", "json"),
    ],
    ids=lambda words: " ".join(Path(word).name for word in words),
)
def test_what_asks_no_engine_loads_no_client(tmp_path: Path, words: tuple[str, ...]) -> None:
    loaded = loaded_by(*words, cwd=tmp_path)
    assert "sandboxctl.cli" in loaded
    assert {name for name in NEVER_TO_READ if name in loaded} == set()


def test_help_loads_neither_yaml_nor_templates(tmp_path: Path) -> None:
    loaded = loaded_by("--help", cwd=tmp_path)
    assert {name for name in ("yaml", "jinja2", "jsonschema", "json.decoder") if name in loaded} <= {"json.decoder"}


def test_the_layers_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stdout
