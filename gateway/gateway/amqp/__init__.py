"""AMQP 0-9-1 for asyncio, as much of it as a front door needs.

pamqp encodes and decodes; this package adds what decides the gateway's behaviour under load and failure:

* everything written during one turn of the event loop leaves in one system call;
* a publish is a future that its confirm resolves, so any number are in flight on one channel;
* a blocked connection (memory or disk alarm) fails what is in flight at once and refuses the rest;
* no wait on the broker is without a deadline, closing included.
"""

from gateway.amqp.channel import Channel, Properties
from gateway.amqp.connection import Address, Connection
from gateway.amqp.errors import AmqpError, ConnectionLost, Nacked, Returned, Unavailable

__all__ = [
    "Address",
    "AmqpError",
    "Channel",
    "Connection",
    "ConnectionLost",
    "Nacked",
    "Properties",
    "Returned",
    "Unavailable",
]
