"""Hostile input for a running installation: see `python -m fuzz --help`."""
