"""What a person has chosen for themselves, by their address or else by their browser."""

from hashlib import sha256
from typing import Any

from core.base.text import canonical_address
from core.store import AccountSetting
from pages.ui import keeper
from pages.ui.page import Page, signed_in


def kept(page: Page) -> dict[str, Any]:
    """Their choices by name; none where nothing tells browsers apart."""
    row = page.scope.get(AccountSetting, key) if (key := _key()) else None
    return row.value if row else {}


def keep(page: Page, **chosen: Any) -> None:
    """Keep choices, whether or not the person may change what the account decides."""
    if key := _key():
        with page.scope.write(quiet=True) as unit:  # no figure changes with it
            unit.upsert(AccountSetting, [{"key": key, "value": kept(page) | chosen}])


def _key() -> str:
    who = canonical_address(signed_in()) or keeper.browser()
    return f"person:{sha256(who.encode()).hexdigest()[:32]}" if who else ""
