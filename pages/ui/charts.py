"""Charts, tables and their downloads, and the box of an empty view."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.analytics.dates import ONE_DAY
from core.analytics.series import Stacked
from core.base import text
from core.base.csv import csv_bytes
from core.charts import (
    DARK,
    LIGHT,
    ChartSpec,
    ImageKind,
    Marked,
    by_quarter,
    chart_image,
    stacked_periods,
    with_events,
)
from core.criteria.ledger import ANNOTATION_KINDS, annotate, chart_events
from pages.ui.actions import form, fresh_key, submit_button
from pages.ui.page import Page, plain, read
from pages.ui.panels import moment_box, panel, pick, side_panel

SAVE = "Save this chart as an image, stamped with its filters"
NOON = time(12)
MIME: Mapping[ImageKind, str] = {"png": "image/png", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class Stamped:
    """Charts and tables of a page; `words` are the filters in the stamp of their downloads.

    The `key` of each tells the charts, and the tables, of a page apart.
    """

    page: Page
    words: str

    @property
    def stamp(self) -> dict[str, str]:
        """Provenance of a downloaded table or image: account, filters, time zone, time."""
        stamp = {
            "Account": self.page.account.name,
            "Filters": self.words,
            "Time zone": self.page.store.zone.key,
            "As of": f"{self.page.now:%Y-%m-%d %H:%M}",
        }
        return stamp | ({"Demo data": "made up"} if self.page.is_demo else {})

    def chart(
        self,
        drawn: ChartSpec,
        *,
        key: str,
        title: str,
        subtitle: str,
        alt: str = "",
        opens: Callable[[str], None] | None = None,
    ) -> None:
        """Chart under its finding, which is its text alternative unless `alt` is given.

        One over time has the account's events marked, and a way to add one. `opens` fills a panel
        on a period whose mark was clicked, or that was chosen from a box.
        """
        marked, name = self.marked(drawn), f"{self.page.key}_opens_{key}" if opens else ""
        with panel(title, subtitle, stretch=True):
            draw(marked.drawn, alt=marked.said(alt or title), opens=name)
            if marked.key:
                st.caption(plain(text.upper_first(marked.key)))
            with st.container(horizontal=True):
                self.image(marked.drawn, key=key, title=title, subtitle=marked.under(subtitle))
                if drawn.times:
                    last = (drawn.times.end - ONE_DAY).date()
                    add_mark(self.page, min(last, self.page.today), key=key)
                    if opens:
                        _rows_box(name, drawn.times.names)
        if opens and (period := st.session_state.pop(f"{name}_asked", None)):
            side_panel(period, partial(opens, period))

    def marked(self, drawn: ChartSpec) -> Marked:
        """The chart with the account's events, where it is one over time."""
        return with_events(drawn, read(self.page, chart_events) if drawn.times else ())

    def image(self, drawn: ChartSpec, *, key: str, title: str, subtitle: str) -> None:
        """Download of a chart as a stamped image, made on demand."""
        popover = f"{self.page.key}_image_{key}"
        with st.popover("Download image", type="tertiary", key=popover, width="content", help=SAVE):
            name = f"{key.replace('_', '-')}-{self.page.today}"
            make = partial(chart_image, drawn, title=title, subtitle=subtitle, stamp=self.stamp)
            for kind, mime in MIME.items():
                data, file = partial(make, kind=kind), f"{name}.{kind}"
                download(self.page, kind.upper(), data, file, mime, key=f"{kind}_{key}")

    def csv_button(
        self, frame: pd.DataFrame | Callable[[], pd.DataFrame], name: str, *, key: str
    ) -> None:
        """Download of rows with their provenance as CSV; a function is called on demand."""
        stamp = {"Touchstone": name} | self.stamp
        file = f"{name.lower().replace(' ', '-')}-{self.page.today}.csv"

        def data() -> bytes:
            return csv_bytes(frame() if callable(frame) else frame, stamp)

        download(self.page, "CSV", data, file, "text/csv", key=f"csv_{key}")

    def table(self, frame: pd.DataFrame, name: str, *, key: str) -> None:
        """Table in full height, with its download."""
        st.dataframe(frame, hide_index=True, height="content")
        self.csv_button(frame, name, key=key)


def download(
    page: Page, what: str, data: Callable[[], bytes], file: str, mime: str, *, key: str, **look: Any
) -> None:
    """Button that downloads what `data` makes when it is pressed; the page stays as it is."""
    st.download_button(
        f"Download {what}",
        data=data,
        file_name=f"touchstone-{file}",
        mime=mime,
        key=f"{page.key}_{key}",
        on_click="ignore",
        **{"type": "tertiary"} | look,
    )


def draw(
    drawn: ChartSpec,
    *,
    alt: str,
    height: Literal["content", "stretch"] = "content",
    opens: str = "",
) -> None:
    """Draw a chart alone, in the colours of the page's theme; `alt` is its text alternative.

    With a name in `opens`, a click on a mark asks for its period under that name.
    """
    theme = DARK if st.context.theme.type == "dark" else LIGHT
    spec = drawn.in_theme(theme).to_dict()
    # In pixels, its place is kept while the browser loads what draws it.
    high = spec["height"] if height == "content" else height
    more = _selection(spec, opens, drawn.times.field) if opens and drawn.times else {}
    st.vega_lite_chart(spec=spec, width="stretch", height=high, alt=alt, **more)


def _selection(spec: dict[str, Any], name: str, field: str) -> dict[str, Any]:
    """Make the bars and points of a specification selectable; how the chart is drawn then."""
    marks = [one for one in spec["layer"] if one["mark"]["type"] in {"bar", "point"}]
    for n, one in enumerate(marks):
        one["name"] = f"mark_{n}"
    # A line, or an area, has the values of its first point wherever it is clicked.
    clicks = ", ".join(f"@{one['name']}_marks:click" for one in marks)
    select = {"type": "point", "fields": [field], "on": clicks}
    marks[-1]["params"] = [{"name": "mark", "select": select}]
    # A mark that stays selected could not be clicked again: each time it is another chart.
    number = st.session_state.get(f"{name}_number", 0)
    key = f"{name}_{number}"

    def clicked() -> None:
        for mark in st.session_state[key].selection["mark"]:
            st.session_state[f"{name}_asked"] = mark[field]
        st.session_state[f"{name}_number"] = number + 1

    return {"key": key, "on_select": clicked}


def _rows_box(name: str, periods: Sequence[str]) -> None:
    """What a click on a mark does, by keyboard."""
    key, label = f"{name}_box", "Open rows of"

    def chosen() -> None:
        st.session_state[f"{name}_asked"] = st.session_state[key]
        st.session_state[key] = None

    look: dict[str, Any] = {"placeholder": label, "label_visibility": "collapsed", "width": 170}
    st.selectbox(label, periods[::-1], index=None, key=key, on_change=chosen, **look)


def add_mark(page: Page, day: date, *, key: str) -> None:
    """Popover for editors to note what happened, at first on `day`; it is marked on every chart."""
    if page.person is None:
        return
    name = f"{page.key}_mark_{key}"
    # A mark that is added closes it.
    look: dict[str, Any] = {"key": f"{fresh_key(name)}_box", "on_change": "rerun"}
    box = st.popover("Add a mark", type="tertiary", width="content", **look)
    if not box.open:
        return
    with box, form(name) as fresh:
        fields: dict[str, Any] = {
            "from_at": moment_box(page, "When", datetime.combine(day, NOON)),
            "kind": pick("Kind", ANNOTATION_KINDS, key=f"{fresh}_kind"),
            "text": st.text_input("What happened", max_chars=500),
        }
        done = "Noted: it is marked on every chart over time."
        submit_button(page, "Add", done, annotate, **fields, clears=name)


def top_chart(
    stamped: Stamped,
    stacked: Stacked,
    *,
    verbs: tuple[str, str],
    what: str,
    subtitle: str,
    unfinished: Sequence[str],
    opens: Callable[[str], None],
) -> None:
    """Bars by month of the top people, under their share of the period; `unfinished` ones pale.

    `verbs` are the title's for one person and for many, `what` is counted: "One person creates",
    "create", "cycles".
    """
    data, order, share = stacked
    top = [name for name in order if name != text.OTHERS]
    who = verbs[0] if len(top) == 1 else f"The top {len(top)} {verbs[1]}"
    unit = text.upper_first(what)
    months = [f"{date.fromisoformat(f'{m}-01'):%b %Y}" for m in sorted({*data["period"]})]
    drawn = "months" if by_quarter(data) is None else "quarters"
    subtitle += (
        f". Share: {text.lower_first(stamped.words)}; bars: {drawn}, {months[0]} to {months[-1]}"
    )
    stamped.chart(
        stacked_periods(data, series=order, unit=unit, unfinished=unfinished),
        key="top",
        title=f"{who} {text.share(share)} of the {what}",
        subtitle=subtitle,
        alt=f"{unit} by month: {', '.join(top)} and everyone else",
        opens=opens,
    )


def empty(sentence: str, target: str | None = None, label: str = "") -> None:
    """Box for an empty view: the reason, and a link to go on."""
    with st.container(border=True):
        st.markdown(sentence)
        if target:
            st.page_link(target, label=label)
