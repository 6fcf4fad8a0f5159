"""What the pages share: the store, cached reads, figure cards, the error edge."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from core.analytics.figures import Figure
from core.analytics.freshness import SYNCED, SourceState, data_through, last_synced, source_states
from core.analytics.window import Window
from core.base import text
from core.base.csv import csv_bytes
from core.base.errors import TouchstoneError
from core.base.settings import Settings, load_settings
from core.base.telemetry import PAGE_SECONDS, QUERY_SECONDS
from core.charts.image import chart_image
from core.demo.active_store import keep_copied, shown_store
from core.store import AccountName, Scope, Store, accounts

__all__ = [
    "Page",
    "account_box",
    "chart",
    "csv_button",
    "editor",
    "empty",
    "figure_card",
    "freshness_line",
    "image",
    "plain",
    "read",
    "run_page",
    "said",
    "say_after",
    "sources",
]

R = TypeVar("R")
MOST_BARS = 30
# Set while a page is presented: nothing else is on the screen then.
PRESENTING = "review_present"
SAVE = "Save this chart as an image, stamped with its filters"
MIME = {"png": "image/png", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class Page:
    """What a page works with: the store it shows, and the account it is scoped to."""

    key: str
    settings: Settings
    store: Store
    is_demo: bool
    accounts: tuple[AccountName, ...]
    account: AccountName
    version: int
    facts: int
    now: datetime

    @property
    def scope(self) -> Scope:
        """The account's part of the store, for reads and writes."""
        return Scope(self.store, self.account.id)

    @property
    def today(self) -> date:
        """Today in the business time zone."""
        return self.now.date()

    @property
    def hour(self) -> datetime:
        """The end of this hour: an instant to cache by, which a second would never be."""
        return self.now.replace(minute=59, second=59, microsecond=0)


def run_page(
    key: str,
    question: str,
    show: Callable[[Page], None],
    *,
    needs_data: bool = True,
    is_rated: bool = True,
) -> None:
    """A page from its title to its error edge: the one place where an error becomes a sentence.

    A page that needs data is not shown before there is any: its zeros would be unknowns. One that
    `is_rated` asks at its foot whether it was useful.
    """
    from pages.ui.rate import was_useful  # noqa: PLC0415  # it is made with what stands here

    st.title(question, anchor=False)
    try:
        with PAGE_SECONDS.labels(key).time():
            page = _opened(key)
            if needs_data and not any(state.rows for state in sources(page)):
                _blank(page)
            else:
                show(page)
                if is_rated and not st.session_state.get(PRESENTING):
                    was_useful(page)
    except TouchstoneError as error:
        st.error(plain(str(error)))


def sources(page: Page) -> list[SourceState]:
    """Every source of the account, as of this hour."""
    return read(page, source_states, now=page.hour)


def _blank(page: Page) -> None:
    account_box(page)
    empty(
        f"**No data yet.** Nothing of {plain(page.account.name)} is in the store: "
        "start its first sync on the data page.",
        *("data/data.py", "Go to Data"),
    )


def _opened(key: str) -> Page:
    settings = load_settings()
    with st.spinner("Opening the store; the first time it takes some seconds.", show_time=False):
        shown = shown_store(settings)
    keep_copied(shown.store)
    found = accounts(shown.store)
    account = _chosen_account(found)
    version, facts = shown.store.versions(account.id)
    return Page(
        key=key,
        settings=settings,
        store=shown.store,
        is_demo=shown.is_demo,
        accounts=tuple(found),
        account=account,
        version=version,
        facts=facts,
        now=datetime.now(shown.store.zone),
    )


def _chosen_account(found: Sequence[AccountName]) -> AccountName:
    """The account of its box, else that of the link, else the first one."""
    box, link = st.session_state.get("account"), st.query_params.get("account")
    labels = _account_labels(found)
    of_box = [account for account in found if account.id == box]
    # The box is drawn later, in the filter bar, and writes into the link what it shows.
    of_link = [account for account in found if link in {labels[account.id], account.id}]
    return (of_box or of_link or list(found))[0]


def _account_labels(found: Sequence[AccountName]) -> dict[str, str]:
    """What the box shows for each account: its name, with the id where two have one name."""
    names = Counter(account.name for account in found)
    return {a.id: a.name if names[a.name] == 1 else f"{a.name} ({a.id})" for a in found}


def editor(page: Page) -> str | None:
    """Under which name someone changes what the account decides; None for who may not."""
    if page.settings.editors is None:
        return "someone on this machine"
    address = str(st.user.get("email") or "").lower() if st.user.get("is_logged_in") else ""
    return address if address in page.settings.editors else None


def moment(page: Page, at: datetime) -> str:
    """An instant in the business time zone: 14:05 today, 14:05 on 20 Nov 2026."""
    return text.moment(at.astimezone(page.store.zone), page.today)


def plain(text: str) -> str:
    """Text that Markdown shows as it is: every sign that could mean something is escaped."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def read(page: Page, function: Callable[..., R], **kwargs: Any) -> R:
    """A read from the store, computed once for each state of the account's data.

    `function` takes the store first, and the rest by keyword: all of it is the cache's key.
    """
    return _read(page, function, ("data", page.version), kwargs)


def read_facts(page: Page, function: Callable[..., R], **kwargs: Any) -> R:
    """As `read`, of a function that looks at `FACT_TABLES` alone: no vote makes it compute anew."""
    return _read(page, function, ("facts", page.facts), kwargs)


def _read(
    page: Page, function: Callable[..., R], state: tuple[str, int], kwargs: Mapping[str, Any]
) -> R:
    key = (
        f"{function.__module__}.{function.__qualname__}",
        repr(sorted(kwargs.items())),
        page.store.engine.url.render_as_string(),
        page.account.id,
        *state,
        page.today,
    )
    result: R = _computed(key, partial(function, page.scope, **kwargs))
    return result


@st.cache_data(max_entries=300, show_spinner=False)
def _computed(key: tuple[Any, ...], _call: Callable[[], Any]) -> Any:
    with QUERY_SECONDS.labels(key[0].removeprefix("core.analytics.")).time():
        return _call()


def account_box(page: Page) -> None:
    if len(page.accounts) > 1:
        labels = _account_labels(page.accounts)
        st.selectbox(
            "Account",
            list(labels),
            index=list(labels).index(page.account.id),
            format_func=lambda account_id: labels[account_id],
            key="account",
            bind="query-params",
            persist_state="session",
            width=200,
        )


def freshness_line(
    page: Page, names: frozenset[str], *, window: Window | None = None, note: str = ""
) -> None:
    """How old what is shown is, in which zone days are counted, and whether it is demo data."""
    through = data_through(sources(page), names=names, zone=page.store.zone)
    said = [f"Data through {text.day(through)}" if through else "No data yet"]
    # Read each time: a sync that found nothing new leaves the data version alone.
    synced_at = last_synced(page.scope) if names & SYNCED else None
    if synced_at:
        said.append(f"synced {moment(page, synced_at)}")
    said.append(f"days in {page.store.zone.key}")
    if window is not None and window.days:
        said.append(f"changes against the {text.times(window.days, 'day')} before")
    if note:
        said.append(note)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if page.is_demo:
            st.badge("Demo data", color="orange", help="Made up, in a store of its own")
        st.caption(plain(", ".join(said)), width="content")


def figure_card(
    page: Page,
    figure: Figure,
    label: str,
    proof: Callable[[Page, Figure], None],
    *,
    brief: bool = False,
) -> None:
    """A figure with its change, sample and trend; `proof` shows what is behind it, when asked.

    `label` is the metric's name, short enough for a narrow card; a brief one has no trend.
    """
    metric = figure.metric
    moved = text.change(figure.value, figure.previous, metric.unit)
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(
            label,
            text.amount(figure.value, metric.unit),
            moved,
            delta_color={"up": "normal", "down": "inverse"}.get(metric.better, "off"),
            help=plain(f"{metric.label}. {metric.definition}"),
            # A period without data is left out: drawn as 0 it would look like a fall.
            chart_data=None if brief else [v for v in figure.trend if v is not None] or None,
            # Many bars have no room beside each other.
            chart_type="bar"
            if metric.unit == "count" and len(figure.trend) <= MOST_BARS
            else "line",
        )
        if figure.n is not None and not brief:
            st.caption(_sample(figure))
        with st.container(horizontal=True, vertical_alignment="center"):
            is_asked = st.button(
                "What is this?",
                key=f"{page.key}_what_{metric.key}",
                type="tertiary",
                help=f"Definition, query and rows of {metric.label.lower()}",
            )
            if figure.n is not None and brief:
                st.caption(_sample(figure), width="content")
        if is_asked:
            proof(page, figure)


def _sample(figure: Figure) -> str:
    small = ": too few for more than a hint" if figure.n and figure.is_small else ""
    return f"n = {text.count(figure.n or 0)}{small}"


def chart(
    drawn: Any,
    *,
    title: str,
    subtitle: str,
    alt: str,
    page: Page | None = None,
    filters: str = "",
    key: str = "",
) -> None:
    """A chart under the finding it shows, to be taken away as an image where a page is given.

    `filters` are what the image is stamped with, `key` tells the charts of a page apart.
    """
    with st.container(border=True, height="stretch"):
        st.subheader(plain(title), anchor=False)
        st.caption(plain(subtitle))
        st.altair_chart(drawn, width="stretch", alt=alt)
        if page is not None:
            image(page, drawn, title=title, subtitle=subtitle, filters=filters, key=key)


def image(page: Page, drawn: Any, *, title: str, subtitle: str, filters: str, key: str) -> None:
    """The chart as an image, stamped with what it is; made when it is asked for."""
    said = {"title": title, "subtitle": subtitle, "stamp": _stamp(page, filters)}
    with st.popover(
        "Download image", type="tertiary", key=f"{page.key}_image_{key}", width="content", help=SAVE
    ):
        for kind in ("png", "svg"):
            st.download_button(
                f"Download {kind.upper()}",
                data=partial(chart_image, drawn, kind=kind, **said),
                file_name=f"touchstone-{key.replace('_', '-')}-{page.today}.{kind}",
                mime=MIME[kind],
                key=f"{page.key}_{kind}_{key}",
                on_click="ignore",
                type="tertiary",
            )


def _stamp(page: Page, filters: str) -> dict[str, str]:
    """What a table or an image that is taken away says of itself."""
    stamp = {
        "Account": page.account.name,
        "Filters": filters,
        "Time zone": page.store.zone.key,
        "As of": f"{page.now:%Y-%m-%d %H:%M}",
    }
    return stamp | ({"Demo data": "made up"} if page.is_demo else {})


def csv_button(
    page: Page,
    frame: pd.DataFrame | Callable[[], pd.DataFrame],
    *,
    name: str,
    filters: str,
    key: str,
) -> None:
    """A download of the rows, stamped with what they are; a function is called when asked for."""
    stamp = {"Touchstone": name} | _stamp(page, filters)
    st.download_button(
        "Download CSV",
        data=lambda: csv_bytes(frame() if callable(frame) else frame, stamp),
        file_name=f"touchstone-{name.lower().replace(' ', '-')}-{page.today}.csv",
        mime="text/csv",
        key=f"{page.key}_csv_{key}",
        on_click="ignore",
        type="tertiary",
    )


def say_after(
    place: str, done: str, action: Callable[..., object], *args: Any, **kwargs: Any
) -> None:
    """Do something that a person asked for in a callback; `said` tells them how it went.

    What is told as done is done: the words are set once the action has come back.
    """
    try:
        action(*args, **kwargs)
    except TouchstoneError as error:
        st.session_state[f"said_{place}"] = ("error", str(error))
    else:
        st.session_state[f"said_{place}"] = ("success", done)


def said(place: str) -> None:
    """How the last thing that was asked for here went; told once."""
    kind, text = st.session_state.pop(f"said_{place}", (None, ""))
    if kind == "error":
        st.error(plain(text))
    elif kind == "success":
        # Beside the page, so that nothing under it moves.
        st.toast(plain(text))


def empty(sentence: str, target: str | None = None, label: str = "") -> None:
    """Nothing to show: why, and the way out."""
    with st.container(border=True):
        st.markdown(sentence)
        if target:
            st.page_link(target, label=label)
