"""Pages that are served while a test runs, and requests to them."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from vidframe_lab.local_page import Page

Served = TypeVar("Served", bound=Page)


@contextmanager
def served(page: Served) -> Iterator[Served]:
    """Serves a page in a thread of its own."""
    with page:
        thread = threading.Thread(target=page.serve_forever)
        thread.start()
        try:
            yield page
        finally:
            page.shutdown()
            thread.join(10)


def ask(page: Page, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    """Status and content of one request below the page's address."""
    return ask_url(page.url + path, body, **headers)


def ask_url(url: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    """Status and content of one request."""
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        headers.setdefault("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
