"""`python -m notifications`: one process of the service."""

import eventlet

eventlet.monkey_patch()

from notifications.config import read_config  # noqa: E402  # after patching, as everything else
from notifications.service import NotificationsService  # noqa: E402
from servicekit.config import exit_on_configuration_error  # noqa: E402
from servicekit.host import run_service  # noqa: E402

if __name__ == "__main__":
    run_service(NotificationsService, exit_on_configuration_error(read_config))
