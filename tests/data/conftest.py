"""No proxy and no mirror of the user's own stands between a test and its server."""

import pytest
from loopback import Handler, serving
from official import CIFAR, CONTENT, prepared


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("NETSPECTRA_MIRRORS", raising=False)


@pytest.fixture
def server():
    with serving(Handler) as server:
        server.content, server.manner, server.plan, server.asked, server.sent = CONTENT, "ranges", [], [], []
        yield server


@pytest.fixture(scope="session")
def ready(tmp_path_factory):
    """A prepared grey set and a prepared colour set."""
    folder = tmp_path_factory.mktemp("ready")
    return {
        "idx": prepared(folder / "idx"),
        "cifar10": prepared(folder / "cifar10", "cifar10", CIFAR),
    }
