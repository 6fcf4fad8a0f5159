"""The import direction: app -> pages -> core.{...} -> core.store -> core.{config,errors}."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


CORE = {
    module_name(path): path
    for path in (ROOT / "core").rglob("*.py")
    if "versions" not in path.parts
}
PAGES = sorted((ROOT / "pages").glob("*.py"))


def imports(path):
    """Every module that a file imports, inside functions as well."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def reaches(path, *packages):
    return {
        name
        for name in imports(path)
        if any(name == package or name.startswith(f"{package}.") for package in packages)
    }


@pytest.mark.parametrize("module", CORE)
def test_core_never_imports_streamlit_or_pages(module):
    assert reaches(CORE[module], "streamlit", "pages", "app") == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_import_no_database_and_no_http_client(path):
    assert reaches(path, "sqlmodel", "sqlalchemy", "httpx", "core.sources", "app") == set()


@pytest.mark.parametrize("module", [m for m in CORE if m.startswith("core.store")])
def test_the_store_knows_only_settings_and_errors(module):
    others = reaches(CORE[module], "core") - reaches(
        CORE[module], "core.store", "core.config", "core.errors"
    )
    assert others <= {"core"}


@pytest.mark.parametrize(
    "module", ["core.config", "core.mail_settings", "core.errors", "core.words", "core.stats"]
)
def test_the_ground_floor_stands_alone(module):
    others = reaches(CORE[module], "core") - reaches(CORE[module], "core.mail_settings")
    assert others <= {"core.errors", "core.errors.ConfigError"}


def test_sources_and_analytics_never_see_each_other():
    for module, path in CORE.items():
        if module.startswith("core.sources"):
            assert reaches(path, "core.analytics", "core.sync", "core.charts") == set()
        if module.startswith("core.analytics"):
            assert reaches(path, "core.sources", "core.sync", "core.charts", "httpx") == set()


def test_only_config_reads_the_environment():
    for module, path in CORE.items():
        if module != "core.config":
            assert reaches(path, "os") == set(), module
