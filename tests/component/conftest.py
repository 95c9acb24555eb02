"""Services run on eventlet, the gateway on asyncio: one pytest process runs the tests of one kind.

The patch has to come before anything imports sockets or threads, so it is decided by what pytest was
asked for: `pytest tests/component/gateway` stays unpatched, everything else under tests/component is
patched and leaves the gateway out. `make test` runs both.
"""

import sys

ASYNCIO = any("component/gateway" in argument for argument in sys.argv)

if ASYNCIO:
    collect_ignore = ["complaints", "evaluation", "notifications", "servicekit", "surveys"]
else:
    import eventlet

    eventlet.monkey_patch()
    collect_ignore = ["gateway"]
