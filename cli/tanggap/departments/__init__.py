"""Departments' systems: their credentials, their user at the broker, and trying both ways in."""
