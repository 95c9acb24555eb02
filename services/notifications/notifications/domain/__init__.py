"""Decisions about messages. Standard library only: no database, no broker, no clock of its own."""
