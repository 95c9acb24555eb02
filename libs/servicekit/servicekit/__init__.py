"""The shared kit: events, outbox, inbox, consumers and operations.

The modules are imported one by one (`from servicekit.envelope import Event`). Nothing is imported
here on purpose: the gateway uses the half without eventlet, and an import here would pull in the other.
"""

__version__ = "0.1.0"
