"""schemathesis over the published description, from any seed and as long as wanted."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from unit.gateway.harness import bearer
from unit.gateway.test_description_is_kept import CHECKS, schema

CALLERS = (
    {},
    bearer("coordinator", "admin", "desk", "hr", "rater", "officer"),
    bearer("department", sub="dept-antrian"),
)


def walk(count: int, start: int) -> tuple[int, list[str]]:
    """Send about so many requests to all operations in turn; answers how many, and what broke a promise."""
    operations = [found.ok() for found in schema.get_all_operations()]
    each = max(count // (len(operations) * len(CALLERS)), 1)
    sent, wrong = 0, []
    for operation in operations:

        @seed(start)
        @settings(
            max_examples=each,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy())
        def attempt(case: Any) -> None:
            nonlocal sent
            for headers in CALLERS:
                sent += 1
                case.validate_response(case.call(headers=headers), checks=CHECKS)

        try:
            attempt()
        except Exception as failure:
            # Whatever it is, it belongs in the report, and the other operations still have to be tried.
            wrong.append(f"{operation.label}: {str(failure)[:2000]}")
    return sent, wrong
