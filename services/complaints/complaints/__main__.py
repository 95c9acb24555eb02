"""`python -m complaints`: one process of the service."""

import eventlet

eventlet.monkey_patch()

from complaints.config import read_config  # noqa: E402
from complaints.service import ComplaintsService  # noqa: E402
from servicekit.config import exit_on_configuration_error  # noqa: E402  # after patching
from servicekit.host import run_service  # noqa: E402

if __name__ == "__main__":
    config = exit_on_configuration_error(read_config)
    run_service(ComplaintsService, config.kit)
