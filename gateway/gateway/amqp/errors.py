"""What can go wrong with the broker.

AmqpError
├── Unavailable       nothing was sent: not connected, or the broker takes no messages now
├── Returned          no queue is bound for the message
├── Nacked            the broker could not take responsibility
└── ConnectionLost    sent (or sent into an alarm), and its outcome is unknown
"""


class AmqpError(Exception):
    """Base of what can go wrong with the broker."""


class Unavailable(AmqpError):
    """Nothing was sent."""


class Returned(AmqpError):
    """Nobody is bound for this message."""


class Nacked(AmqpError):
    """The broker refused responsibility for the message."""


class ConnectionLost(AmqpError):
    """The message may or may not have arrived."""
