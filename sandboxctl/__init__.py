"""sandboxctl: one YAML spec says what a sandbox is; it is checked, planned, applied and proved."""

__version__ = "0.1.0"
