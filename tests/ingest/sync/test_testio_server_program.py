import gzip
import json
import signal
import subprocess
import sys

from core.base.settings import ROOT, TestioAccount
from core.ingest.sync.testio import sync_account
from tests.ingest.conftest import FAST, shop


def test_a_folder_is_served_until_it_is_interrupted(store, tmp_path):
    customer, folder = shop(), tmp_path / "shop"
    folder.mkdir()
    for name, objects in (
        *(("products", customer.products), ("features", customer.features)),
        *(("exploratory_tests", customer.cycles), ("reject_reasons", customer.reasons)),
    ):
        text = "\n".join(json.dumps(obj) for obj in objects)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    with gzip.open(folder / "bugs.jsonl.gz", "wt", encoding="utf-8") as packed:
        packed.writelines(json.dumps(bug) + "\n" for bug in customer.bugs)
    command = [sys.executable, "-m", "tests.testio_server", str(folder), "--token", "tok-own"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        url = program.stdout.readline().split()[0]
        account = TestioAccount(id="acme", name="Acme", base_url=url, token="tok-own")
        report = sync_account(store, account, retry=FAST)
        program.send_signal(signal.SIGINT)
        said = program.stdout.read()
    assert report.status == "done"
    assert report.counts["bug"]["added"] == 4
    assert said.startswith(f"{report.requests} requests:")
