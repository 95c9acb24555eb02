"""Every operation of the JSON interface, with its description."""

from gateway.table import cases, departments, evaluation, surveys

OPERATIONS = (
    *cases.OPERATIONS,
    *surveys.OPERATIONS,
    *evaluation.OPERATIONS,
    *departments.OPERATIONS,
)
DEVELOPMENT_OPERATIONS = cases.DEVELOPMENT_OPERATIONS
