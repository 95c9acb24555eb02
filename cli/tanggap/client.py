import time
from types import TracebackType
from typing import Any, Self

import httpx

from tanggap.errors import GatewayError

TIMEOUT = httpx.Timeout(15, connect=3)
PATIENCE_SECONDS = 60.0


class Gateway:
    """The gateway's JSON interface for one caller. An outage is waited out, a refusal raised."""

    def __init__(self, url: str, token: str | None = None, patience: float = PATIENCE_SECONDS) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False)
        self.patience = patience

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def get(self, path: str, **parameters: Any) -> Any:
        return self.call("GET", path, params=parameters or None)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        secret: str | None = None,
        params: dict[str, Any] | None = None,
    ) -> Any:
        """Send a request; repeat it under the same key while the gateway says 429, 503 or 504.

        Raises GatewayError with the problem's title and fields for any other refusal.
        """
        headers = {
            name: value for name, value in (("Idempotency-Key", key), ("Tanggap-Secret", secret)) if value
        }
        repeatable = key is not None or method in {"GET", "PUT"}
        deadline = time.monotonic() + self.patience
        while True:
            try:
                answer = self.http.request(method, path, json=body, headers=headers, params=params)
            except httpx.TransportError as error:
                if not repeatable or time.monotonic() > deadline:
                    raise GatewayError(
                        f"{method} {path}: the gateway does not answer ({type(error).__name__})"
                    ) from error
                time.sleep(0.5)
                continue
            if answer.status_code < 400:
                return answer.json() if answer.content else None
            if not repeatable or answer.status_code not in {429, 503, 504} or time.monotonic() > deadline:
                raise GatewayError(f"{method} {path}: {describe(answer)}", answer.status_code)
            time.sleep(retry_after(answer))


def retry_after(answer: httpx.Response) -> float:
    value = answer.headers.get("Retry-After", "")
    return min(float(value), 10.0) if value.isdigit() else 1.0


def describe(answer: httpx.Response) -> str:
    """A problem document in one line: status, title and each field with what is wrong with it."""
    problem = problem_of(answer)
    fields = [
        f"{e.get('pointer')} {e.get('code')}: {e.get('detail', '')}".strip()
        for e in problem.get("errors", [])
    ]
    text = " ".join(part for part in (problem.get("title"), problem.get("detail")) if part)
    return f"{answer.status_code} {text or answer.reason_phrase}" + "".join(f"; {field}" for field in fields)


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    if "json" not in answer.headers.get("content-type", ""):
        return {}
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
