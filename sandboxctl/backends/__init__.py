"""The engines, each behind the same two protocols (`base`). No backend knows another."""
