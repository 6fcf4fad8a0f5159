"""The dashboard in a process of its own on demo data, with a token; and programs that ask it."""

import shutil
import subprocess
from dataclasses import dataclass

import pytest

from core.access.tokens import create_token
from core.store import Scope
from tests.browser.conftest import forked_server, serve
from tests.prometheus import _free_port, _until_ready
from tests.stores import open_store

__all__ = ["Running", "running", "scraping"]


@dataclass(frozen=True)
class Running:
    url: str
    token: str
    store_url: str
    process: subprocess.Popen


@pytest.fixture
def running(tmp_path, demo_url):
    store = open_store(demo_url)
    token = create_token(Scope(store, "demo"), "test")
    store.close()
    process, server = serve(tmp_path, begin=forked_server)
    yield Running(server.url, token, demo_url, process)
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture
def scraping(tmp_path):
    """A function that starts a Prometheus which scrapes a server, and gives its address."""
    if shutil.which("prometheus") is None:
        pytest.skip("Prometheus is not installed: no prometheus was found")
    processes = []

    def starts(url):
        port = _free_port()
        config = tmp_path / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: touchstone\n"
            f"    static_configs: [{{targets: ['{url.removeprefix('http://')}']}}]\n"
        )
        log = tmp_path / "prometheus.log"
        with log.open("wb") as said:
            processes.append(
                subprocess.Popen(
                    [
                        "prometheus",
                        f"--config.file={config}",
                        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                        f"--web.listen-address=127.0.0.1:{port}",
                    ],
                    stdout=said,
                    stderr=said,
                )
            )
        _until_ready(processes[-1], f"http://127.0.0.1:{port}", log)
        return f"http://127.0.0.1:{port}"

    yield starts
    for process in processes:
        process.kill()
        process.wait(timeout=10)
