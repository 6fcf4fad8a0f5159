"""The packet of a review, to be taken away, to be mailed, and the meeting for a calendar."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import streamlit as st

from core.analytics.account_settings import ReviewSettings, fields_of, save_settings, settings_of
from core.base import text
from core.base.errors import Conflict, InputError, SourceError
from core.base.settings import MailSettings
from core.report.delivery import calendar_file, draft, packet_mail, recipients, send
from core.report.formats import PACKET_FORMATS, write_packet
from core.report.weekly import Packet, packet_of
from core.store import Review, Scope
from pages import ui
from pages.ui import keeper


def show(page: ui.Page, told: Mapping[str, Any], meeting: Review | None, label: str) -> None:
    """Downloads, made on demand; the mail for editors."""
    packet = partial(packet_of, page.scope, told, meeting, is_demo=page.is_demo)
    known = settings_of(page.scope, ReviewSettings)
    with st.popover("Packet", key=f"{page.key}_packet", width="content"):
        for kind, form in PACKET_FORMATS.items():
            data, file = partial(_made, packet, kind), f"review-{label}.{kind}"
            ui.download(page, form.label, data, file, form.mime, key=f"packet_{kind}")
        ui.download(
            page,
            "the meeting for a calendar",
            partial(calendar_file, page.account, page.store.zone, str(st.context.url or ""), known),
            "weekly-review.ics",
            "text/calendar",
            key="packet_ics",
            help=f"Mondays at 10:00 in {page.store.zone.key}, 30 minutes",
        )
        if page.person is not None:
            _meetings(page, known)
            _mail(page, packet, known, label)


def _made(packet: partial[Packet], kind: str) -> bytes:
    return write_packet(packet(), kind)


def _meetings(page: ui.Page, known: ReviewSettings) -> None:
    """The Mondays of three months on which the calendar says that the meeting is cancelled."""
    ahead = {f"{page.today - timedelta(page.today.weekday() - 7 * n)}" for n in range(13)}
    key = f"{page.key}_cancelled_{page.account.id}_{known.revision}"

    def save(scope: Scope) -> None:
        mine = replace(known, cancelled=sorted(st.session_state[key]), revision=known.revision + 1)
        save_settings(scope, mine, seen=fields_of(known))

    st.multiselect(
        "No meeting on the Mondays",
        sorted(ahead | set(known.cancelled)),
        known.cancelled,
        key=key,
        on_change=ui.run_action,
        args=(page, "Saved: the calendar says so from now on.", save),
    )


def _mail(page: ui.Page, packet: partial[Packet], known: ReviewSettings, label: str) -> None:
    st.divider()
    key = f"{page.key}_packet_to_{page.account.id}"
    if key not in st.session_state:
        st.session_state[key] = "\n".join(known.recipients)
        st.session_state[f"{key}_seen"] = fields_of(known)
        st.session_state[f"{key}_taken"] = st.session_state[key]
    keeper.stored(key, st.session_state[f"{key}_taken"], "")
    st.text_area("To, one address a line", key=key, height=90, max_chars=10_000)
    mail = page.settings.mail
    if mail is not None:
        st.button(
            "Send by mail",
            key=f"{page.key}_packet_send",
            help=f"With the PDF and the slides, from {mail.sender}",
            on_click=_send,
            args=(page, mail, packet, key),
        )
        return
    ui.download(
        page,
        "a draft",
        partial(_draft, packet, str(st.session_state[key])),
        f"review-{label}.eml",
        "message/rfc822",
        key="packet_eml",
        help="A mail program opens it, to be looked over and sent: no mail server is configured "
        "here (TOUCHSTONE_SMTP_HOST)",
        type="secondary",
    )


def _draft(packet: partial[Packet], text: str) -> bytes:
    """The draft; what is no address is left for its author to see and complete."""
    try:
        to = recipients(text)
    except InputError:
        to = []
    return draft(packet_mail(packet(), sender=None, to=to))


def _send(page: ui.Page, mail: MailSettings, packet: partial[Packet], key: str) -> None:
    """Send it, and remember to whom; a failure leaves what was entered as it is."""

    def work(scope: Scope) -> str:
        to, seen = recipients(str(st.session_state[key])), f"{key}_seen"
        settings = ReviewSettings(**st.session_state[seen] | {"recipients": to})
        try:
            save_settings(scope, settings, seen=st.session_state[seen])
        except Conflict as error:  # told before anything is sent
            st.session_state[seen] = error.seen
            raise
        st.session_state[seen] = fields_of(settings)
        st.session_state[f"{key}_taken"] = st.session_state[key]
        refused = send(mail, packet_mail(packet(), sender=mail.sender, to=to))
        said = f"Sent to {text.times(len(to) - len(refused), 'address', 'addresses')}"
        rest = "".join(f"; {address} was refused, {why}" for address, why in refused.items())
        if refused:  # told as an error, which stays on the page until it is seen
            raise SourceError(f"{said}{rest}.")
        return f"{said}."

    ui.run_action(page, None, work)
