"""Everything the gateway refuses: one table, one exception, RFC 9457 bodies.

A problem names the fields at fault by JSON pointer and never repeats what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.messages import from_service
from gateway.problem_table import TABLE, ProblemType
from servicekit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Refused

__all__ = ["TABLE", "FieldError", "Problem", "ProblemType", "from_refusal"]


class Problem(Exception):
    """The one exception that leaves the application layer.

    JSON routes render it as `application/problem+json`, pages as an accessible page.
    `detail` is already in the caller's language; without one the table's explanation is used.
    """

    def __init__(
        self,
        slug: str,
        *,
        detail: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(slug)
        self.row = TABLE[slug]
        self.detail = detail
        self.errors = tuple(errors)
        self.extensions = extensions
        self.headers = dict(headers or {})
        if self.row.retry_after is not None:
            self.headers.setdefault("Retry-After", str(self.row.retry_after))

    @property
    def slug(self) -> str:
        return self.row.slug

    @property
    def status(self) -> int:
        return self.row.status

    @property
    def type(self) -> str:
        return f"/problems/{self.row.slug}"

    def title(self, language: str) -> str:
        return self.row.title.get(language, self.row.title["id"])

    def explanation(self, language: str) -> str:
        """What the reader can do about it."""
        return self.detail or self.row.about.get(language, self.row.about["id"])

    def body(self, language: str, *, request_id: str, trace_id: str) -> dict[str, Any]:
        """The RFC 9457 object."""
        occurrence = {"instance": f"urn:uuid:{request_id}", "trace_id": trace_id}
        return {**self.summary(language), **occurrence}

    def summary(self, language: str) -> dict[str, Any]:
        """The same without the request's ids, for one of many in a larger answer."""
        body: dict[str, Any] = {
            "type": self.type,
            "title": self.title(language),
            "status": self.status,
            "detail": self.explanation(language),
        }
        if self.errors:
            body["errors"] = [
                {"pointer": error.pointer, "code": error.code, "detail": error.detail}
                for error in self.errors
            ]
        return {**body, **self.extensions}


def from_refusal(refusal: Refused, language: str) -> Problem:
    """The problem for a refusal that came back from a service."""
    match refusal:
        case NotFound():
            return Problem("not-found")
        case Forbidden():
            detail = from_service(refusal.code, refusal.detail, language)
            return Problem("forbidden", detail=detail or None, code=refusal.code)
        case Invalid():
            errors = [
                FieldError(error.pointer, error.code, from_service(error.code, error.detail, language))
                for error in refusal.errors
            ]
            return Problem("invalid-input", errors=errors)
        case Conflict():
            # The service's sentence is English, the table's is in both languages.
            detail = refusal.detail if language == "en" else ""
            return Problem("conflict", detail=detail or None, current=refusal.current)
        case _:
            return Problem("internal-error")
