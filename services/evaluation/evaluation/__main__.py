"""`python -m evaluation`: one process of the service."""

import eventlet

eventlet.monkey_patch()

from evaluation.config import read_config  # noqa: E402  # after patching, as everything else
from evaluation.service import EvaluationService  # noqa: E402
from servicekit.config import exit_on_configuration_error  # noqa: E402
from servicekit.host import run_service  # noqa: E402

if __name__ == "__main__":
    run_service(EvaluationService, exit_on_configuration_error(read_config))
