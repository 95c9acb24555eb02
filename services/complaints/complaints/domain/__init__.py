"""Decisions about cases. Standard library only: no broker, no database, no framework."""
