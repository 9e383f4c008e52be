"""The app in a web page: what `textual serve` starts is drawn and takes keys over its websocket."""

from __future__ import annotations

import asyncio
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui_driver import path

__all__ = ["path"]

aiohttp = pytest.importorskip("aiohttp", reason="textual-serve brings it")
pytest.importorskip("textual_serve")

PATIENCE = 60.0
"""Seconds in which the server and the app are there, on any machine."""
SERVE = """
import sys
from textual_serve.server import Server
Server(sys.argv[1], port=int(sys.argv[2])).serve()
"""
TITLE, HELP = "Flush before reuse", "One micro-step on"
"""Of the run, and of the panel that `?` opens."""


@pytest.fixture
def port(path: Path) -> Iterator[int]:
    """A server of the app, at a port of this machine."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        number: int = free.getsockname()[1]
    command = shlex.join([sys.executable, "-m", "luf_tui", str(path)])
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, command, str(number)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"TERM": "dumb"},
    ) as server:  # fmt: skip
        yield number
        server.terminate()


async def socket_of(session: Any, port: int) -> Any:
    while True:
        try:
            return await session.ws_connect(f"http://localhost:{port}/ws?width=120&height=40")
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.1)


async def said(connected: Any, enough: Callable[[str], bool]) -> str:
    """What is drawn until that is enough."""
    text = ""
    async for message in connected:
        if isinstance(message.data, bytes):
            text += message.data.decode("utf-8", "replace")
        if enough(text):
            break
    return text


def test_the_app_is_served_to_a_browser(port: int) -> None:
    async def look() -> None:
        async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            connected = await socket_of(session, port)
            assert TITLE in await said(connected, lambda text: TITLE in text and "help" in text)
            await connected.send_json(["stdin", "?"])
            assert HELP in await said(connected, lambda text: HELP in text)
            await connected.close()

    asyncio.run(look())
