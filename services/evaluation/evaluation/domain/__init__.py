"""Decisions of the evaluation service: the standard library only, no clock, no store, no broker."""
