"""`python -m surveys`: one process of the service."""

import eventlet

eventlet.monkey_patch()

from servicekit.config import exit_on_configuration_error  # noqa: E402  # after patching, as everything else
from servicekit.host import run_service  # noqa: E402
from surveys.config import read_config  # noqa: E402
from surveys.service import SurveysService  # noqa: E402

if __name__ == "__main__":
    run_service(SurveysService, exit_on_configuration_error(read_config))
