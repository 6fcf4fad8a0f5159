"""Settings: defaults, the environment over the secrets file, and mistakes told in a sentence."""

import pytest

from core.base.errors import ConfigError
from core.base.settings import DEFAULT_TESTIO_URL, load_settings

ACCOUNT = {"TESTIO_CUSTOMER_API_TOKEN": "t0p-s3cret", "TESTIO_CUSTOMER_ID": "42"}


def test_defaults(tmp_path):
    settings = load_settings({}, tmp_path / "none.toml")
    assert settings.database_url.endswith("data/touchstone.db")
    assert settings.demo_database_url.endswith("data/touchstone-demo.db")
    assert settings.zone.key == "UTC"
    assert settings.sync_interval_seconds == 3600
    assert settings.accounts == ()


def test_an_account_from_the_environment(tmp_path):
    (account,) = load_settings(ACCOUNT, tmp_path / "none.toml").accounts
    assert (account.id, account.name, account.base_url) == ("42", "42", DEFAULT_TESTIO_URL)
    assert account.token == "t0p-s3cret"
    assert "t0p-s3cret" not in repr(load_settings(ACCOUNT, tmp_path / "none.toml"))


def test_the_environment_wins_over_the_secrets(tmp_path):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        'TOUCHSTONE_TIMEZONE = "Asia/Tokyo"\nTOUCHSTONE_SYNC_INTERVAL_SECONDS = 60\n'
        '[accounts.42]\nTESTIO_CUSTOMER_API_TOKEN = "old"\n'
        '[accounts.7]\nTESTIO_CUSTOMER_API_TOKEN = "seven"\nTESTIO_CUSTOMER_NAME = "Seven"\n'
        'TESTIO_CUSTOMER_API_BASE_URL = "http://localhost:1/api/"\n'
        "TOUCHSTONE_SYNC_INTERVAL_SECONDS = 900\n"
    )
    settings = load_settings(ACCOUNT | {"TOUCHSTONE_TIMEZONE": "Europe/Berlin"}, secrets)
    assert (settings.zone.key, settings.sync_interval_seconds) == ("Europe/Berlin", 60)
    assert [(a.id, a.name, a.token) for a in settings.accounts] == [
        ("42", "42", "t0p-s3cret"),
        ("7", "Seven", "seven"),
    ]
    assert settings.accounts[1].base_url == "http://localhost:1/api"
    assert [account.sync_interval_seconds for account in settings.accounts] == [None, 900]


@pytest.mark.parametrize(
    ("url", "demo"),
    [
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x-demo.db"),
        ("sqlite:///x.db?timeout=3", "sqlite:///x-demo.db"),
        ("sqlite://", "sqlite://"),
    ],
)
def test_demo_data_has_a_store_of_its_own(tmp_path, url, demo):
    settings = load_settings({"TOUCHSTONE_DATABASE_URL": url}, tmp_path / "none.toml")
    assert settings.demo_database_url == demo


def test_demo_data_beside_a_server_is_a_local_file(tmp_path):
    hosted = {"TOUCHSTONE_DATABASE_URL": "postgresql+psycopg://db/touchstone"}
    settings = load_settings(hosted, tmp_path / "none.toml")
    assert settings.demo_database_url.startswith("sqlite:////")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"TOUCHSTONE_TIMEZONE": "Mars/Olympus"}, "TOUCHSTONE_TIMEZONE"),
        ({"TOUCHSTONE_TIMEZONE": "../../etc/passwd"}, "TOUCHSTONE_TIMEZONE"),
        ({"TOUCHSTONE_SYNC_INTERVAL_SECONDS": "soon"}, "TOUCHSTONE_SYNC_INTERVAL_SECONDS"),
        ({"TOUCHSTONE_SYNC_INTERVAL_SECONDS": "-1"}, "TOUCHSTONE_SYNC_INTERVAL_SECONDS"),
        ({"PROMETHEUS_URL": "localhost:9090"}, "PROMETHEUS_URL"),
        ({"TESTIO_CUSTOMER_API_TOKEN": "t0p-s3cret"}, "TESTIO_CUSTOMER_ID"),
        ({"TESTIO_CUSTOMER_ID": "42"}, "TESTIO_CUSTOMER_API_TOKEN"),
        (ACCOUNT | {"TESTIO_CUSTOMER_API_TOKEN": "t0p\ns3cret"}, "TESTIO_CUSTOMER_API_TOKEN"),
        (ACCOUNT | {"TESTIO_CUSTOMER_API_BASE_URL": "ftp://x"}, "TESTIO_CUSTOMER_API_BASE_URL"),
        (ACCOUNT | {"TESTIO_CUSTOMER_API_BASE_URL": "http://[x"}, "TESTIO_CUSTOMER_API_BASE_URL"),
        ({"PROMETHEUS_URL": "http://prom:9090"}, "TESTIO_CUSTOMER_ID is not"),
        (ACCOUNT | {"PROMETHEUS_URL": "http://ann:s3cret@prom"}, "holds a name or password"),
        (ACCOUNT | {"PROMETHEUS_URL": "http://prom", "PROMETHEUS_TOKEN": "s3cret\n"}, "damaged"),
    ],
)
def test_mistakes_are_told(tmp_path, environ, said):
    with pytest.raises(ConfigError, match=said) as told:
        load_settings(environ, tmp_path / "none.toml")
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize("text", ["not = = toml", "accounts = 3", '[accounts]\nx = "y"', "\udcff"])
def test_a_broken_secrets_file_is_told(tmp_path, text):
    secrets = tmp_path / "secrets.toml"
    secrets.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=r"secrets\.toml"):
        load_settings({}, secrets)


def with_secrets(tmp_path, text, environ=None):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(text, encoding="utf-8")
    return load_settings(environ or {}, secrets)


def test_prometheus_alone_makes_an_account(tmp_path):
    environ = {"PROMETHEUS_URL": "http://prom:9090/", "TESTIO_CUSTOMER_ID": "acme"}
    (account,) = load_settings(environ, tmp_path / "none.toml").accounts
    assert (account.token, account.sources) == (None, ("prometheus",))
    source = account.prometheus
    assert (source.url, source.tenant_id, source.workers) == ("http://prom:9090", "acme", None)
    assert source.requests_total == "enhancement_requests_total"
    assert source.history_days == 56
    both = load_settings(ACCOUNT | environ, tmp_path / "none.toml").accounts[0]
    assert both.sources == ("testio", "prometheus")


def test_each_account_can_have_a_prometheus_of_its_own(tmp_path):
    settings = with_secrets(
        tmp_path,
        'PROMETHEUS_URL = "http://shared"\n[prometheus]\nqueue_depth = "depth"\nworkers = 4\n'
        'token = "s3cret"\n[accounts.a]\n[accounts.b]\nprometheus_url = "http://own"\n'
        '[accounts.b.prometheus]\ntenant_id = ""\nworkers = 9\nsuccess_rate = ""\n',
        {"PROMETHEUS_TOKEN": "s3cret too"},
    )
    first, second = (account.prometheus for account in settings.accounts)
    assert (first.url, first.tenant_id, first.workers) == ("http://shared", "a", 4)
    assert (first.queue_depth, first.token) == ("depth", "s3cret")
    assert (second.url, second.tenant_id, second.workers) == ("http://own", "", 9)
    # What opens one server is not sent to another.
    assert (second.queue_depth, second.success_rate, second.token) == ("depth", "", None)
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('queue = "x"', "There is no queue of .prometheus.: use one of"),
        ("queue_depth = 3", "queue_depth of .prometheus. is 3: use a name"),
        ('queue_depth = "a b"', "is 'a b': use a name that Prometheus knows"),
        ('tenant_label = ""', "is '': use a name that Prometheus knows"),
        ('workers = "8"', "workers of .prometheus. is '8': use a whole number"),
        ("workers = 0", "workers of .prometheus. is 0: use a whole number"),
        ("history_days = 1.5", "history_days of .prometheus. is 1.5: use a whole number"),
        ('token = "s3cret"\nusername = "ann"', "a token and a username"),
        ('token = "s3cret\\n"', "damaged"),
    ],
)
def test_mistakes_with_prometheus_are_told(tmp_path, text, said):
    head = 'TESTIO_CUSTOMER_ID = "a"\nPROMETHEUS_URL = "http://prom"\n'
    with pytest.raises(ConfigError, match=said) as told:
        with_secrets(tmp_path, f"{head}[prometheus]\n{text}\n")
    assert "s3cret" not in str(told.value)
    with pytest.raises(ConfigError, match=r"prometheus is a table"):
        with_secrets(tmp_path, f'{head}prometheus = "http://x"\n')


def test_every_setting_can_come_from_the_environment(tmp_path):
    environ = {
        "TOUCHSTONE_EDITORS": "Ann@example.org, bob@example.org",
        "TOUCHSTONE_ACCOUNTS": '{"7": {"TESTIO_CUSTOMER_API_TOKEN": "seven"}}',
        "PROMETHEUS_URL": "http://prom",
        "PROMETHEUS_WORKERS": "4",
        "PROMETHEUS_QUEUE_DEPTH": "depth",
        "PROMETHEUS_SERVICE_PORT": "what an orchestrator sets is no setting",
    }
    settings = load_settings(environ, tmp_path / "none.toml")
    assert settings.editors == ("ann@example.org", "bob@example.org")
    (account,) = settings.accounts
    assert (account.id, account.token) == ("7", "seven")
    assert (account.prometheus.workers, account.prometheus.queue_depth) == (4, "depth")
    for broken in ("{", "[1]", '{"7": 1}'):
        with pytest.raises(ConfigError, match="TOUCHSTONE_ACCOUNTS has them as JSON"):
            load_settings({"TOUCHSTONE_ACCOUNTS": broken}, tmp_path / "none.toml")


def test_an_unknown_name_is_warned_about_once(tmp_path, caplog):
    environ = {"TOUCHSTONE_TIMEZON": "UTC", "TOUCHSTONE_NOW": "", "TOUCHSTONE_SMTP_PORT": "25"}
    for _ in range(2):
        load_settings(environ, tmp_path / "none.toml")
    said = "There is no setting TOUCHSTONE_TIMEZON: did you mean TOUCHSTONE_TIMEZONE?"
    assert [record.getMessage() for record in caplog.records] == [said]


def test_a_database_password_is_never_shown(tmp_path):
    environ = {"TOUCHSTONE_DATABASE_URL": "postgresql+psycopg://t:s3cret@db/touchstone"}
    assert "s3cret" not in repr(load_settings(environ, tmp_path / "none.toml"))


def test_a_table_cannot_name_another_account(tmp_path):
    text = '[accounts.7]\nTESTIO_CUSTOMER_API_TOKEN = "seven"\nid = "8"\ntoken = "eight"\n'
    (account,) = with_secrets(tmp_path, text).accounts
    assert (account.id, account.token) == ("7", "seven")
