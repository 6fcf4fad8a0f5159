"""A real Prometheus over a history that a test writes: made when asked for, ended with the session.

Fixture `prometheus` answers a function that takes lines of samples and gives the address of a
server that has them, the one before where it has the same. It skips where the programs are missing.
"""

import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from socket import socket

import pytest

__all__ = ["History", "prometheus"]

SECONDS = 30
# They live for seconds.
LEAVING_GARBAGE = os.environ | {"GOGC": "off"}


class History:
    """Samples by metric, in OpenMetrics text; `add` takes seconds since 1970 and values."""

    def __init__(self):
        self._metrics = {}

    def add(self, metric, labels, samples, kind="unknown"):
        """Add the samples (time, value) of one series."""
        escaped = {
            name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
            for name, value in labels.items()
        }
        listed = ",".join(f'{name}="{value}"' for name, value in escaped.items())
        own = self._metrics.setdefault((metric, kind), [])
        own += [f"{metric}{{{listed}}} {value} {at:.3f}" for at, value in samples]
        return self

    def text(self):
        """The file for promtool."""
        lines = []
        for (metric, kind), samples in self._metrics.items():
            lines += [f"# TYPE {metric} {kind}", *samples]
        return "\n".join([*lines, "# EOF", ""])


def _free_port():
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _until_ready(process, url, log):
    until = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    pytest.fail(f"Prometheus did not start: {log.read_text()[-2000:]}", pytrace=False)


def _started(text, stack):
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="prom")))
    history, data, log = folder / "history.txt", folder / "data", folder / "log"
    history.write_text(text, encoding="utf-8")
    subprocess.run(
        [
            "promtool",
            "tsdb",
            "create-blocks-from",
            "--max-block-duration=8760h",
            "openmetrics",
            history,
            data,
            "-q",
        ],
        env=LEAVING_GARBAGE,
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )
    (folder / "prometheus.yml").write_text("", encoding="utf-8")
    port = _free_port()
    with log.open("wb") as said:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={data}",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=error",
            ],
            env=LEAVING_GARBAGE,
            stdout=said,
            stderr=said,
        )
    stack.callback(process.wait, SECONDS)
    stack.callback(process.kill)
    url = f"http://127.0.0.1:{port}"
    _until_ready(process, url, log)
    return url


@pytest.fixture(scope="module")
def prometheus():
    """A function that starts a server with a `History` and gives its address; it ends the last."""
    for program in ("prometheus", "promtool"):
        if shutil.which(program) is None:
            pytest.skip(f"Prometheus is not installed: no {program} was found")
    running = {}
    with ExitStack() as stack:

        def address(history):
            text = history.text()
            if text not in running:
                running.clear()
                stack.close()
                running[text] = _started(text, stack)
            return running[text]

        yield address
