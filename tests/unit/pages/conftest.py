"""The pages over cases in memory, seen through Starlette's client."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from support.pages import FakeCases, application

Open = Callable[..., TestClient]


@pytest.fixture
def cases() -> FakeCases:
    return FakeCases()


@pytest.fixture
def open_pages(cases: FakeCases) -> Iterator[Open]:
    """A visitor's browser, or one of staff: `open_pages(staff="ref|role|unit")`."""

    def make(staff: str | None = None, **settings: Any) -> TestClient:
        client = TestClient(application(cases, **settings), follow_redirects=False)
        if staff:
            client.cookies.set("tanggap_session", staff.encode().hex())
        return client

    yield make


@pytest.fixture
def visitor(open_pages: Open) -> TestClient:
    return open_pages()


@pytest.fixture
def coordinator(open_pages: Open) -> TestClient:
    return open_pages(staff="koordinator|coordinator|")
