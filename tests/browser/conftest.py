"""A real browser on the pages, served over cases in memory."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from starlette.datastructures import State

from support.chain import FakeEvaluation, FakeSurveys
from support.pages import FakeCases, application

CHROMIUM = os.environ.get("TANGGAP_TEST_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 320, "height": 640}
START_SECONDS = 15.0


@dataclass
class Site:
    url: str
    cases: FakeCases
    state: State


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def site() -> Iterator[Site]:
    """The pages on a free loopback port."""
    cases = FakeCases()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    app = application(cases, public_url=url)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the pages did not start"
        thread.join(0.02)
    yield Site(url, cases, app.state)
    server.should_exit = True
    thread.join(START_SECONDS)


@pytest.fixture
def phone(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A small phone with script switched off: what every page has to work on."""
    context = browser.new_context(
        viewport=PHONE, locale="id-ID", java_script_enabled=False, base_url=site.url
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def surveys(site: Site) -> FakeSurveys:
    return site.state.surveys  # type: ignore[no-any-return]  # Starlette's state


@pytest.fixture
def evaluation(site: Site) -> FakeEvaluation:
    return site.state.evaluation  # type: ignore[no-any-return]  # Starlette's state


def log_in(context: BrowserContext, site: Site, who: str = "koordinator|coordinator|") -> None:
    context.add_cookies([{"name": "tanggap_session", "value": who.encode().hex(), "url": site.url}])
