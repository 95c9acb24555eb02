import logging

import structlog

# One line a request is for operators; a failing property would print hundreds of them.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
