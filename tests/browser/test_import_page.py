"""A file of tickets from a person's hands into the store."""

from sqlalchemy import select

from core.store import Ticket, table
from tests.stores import open_store

FILE = (
    "Number;Created;Closed;Category;Assigned to;AI assisted\n"
    "T-1;03/04/2026 09:00;03/04/2026 10:30;Mail;Kim;yes\n"
    "T-2;05/06/2026 09:00;;Büro;;no\n"
    ";05/06/2026 09:00;;Büro;;no\n"
)


def test_a_file_is_mapped_and_imported_into_an_account_of_its_own(start, demo_url, tmp_path, visit):
    server = start()
    visitor = visit(server)
    visitor.opens("import_data")
    page = visitor.page
    page.get_by_role("combobox", name="Into the account").fill("Müller & Co")
    page.keyboard.press("Enter")
    visitor.settles()
    path = tmp_path / "tickets.csv"
    path.write_text(FILE, encoding="cp1252")
    page.set_input_files("input[type=file]", path)
    visitor.settles()
    page.get_by_text("Choose how Created and Closed is written").wait_for()
    assert page.get_by_role("button", name="Import", exact=True).count() == 0
    for column in ("Opened: Created", "Closed (counts where nothing is resolved): Closed"):
        page.get_by_role("combobox", name=column).click()
        page.get_by_role("option", name="is 3 April 2026").click()
        visitor.settles()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("2 new, 0 changed and 0 unchanged tickets; 1 row refused").wait_for()
    page.get_by_text("No value for 'Time spent': 0 of 2 tickets count").wait_for()
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    ticket = table(Ticket).c
    with store.read() as session:
        found = session.connection().execute(
            select(ticket.account_id, ticket.id, ticket.category, ticket.day).order_by(ticket.id)
        )
        assert [(*row[:3], f"{row.day:%Y-%m-%d}") for row in found] == [
            ("m-ller-co", "T-1", "Mail", "2026-04-03"),
            ("m-ller-co", "T-2", "Büro", "2026-06-05"),
        ]
    store.close()
    assert visitor.errors == visitor.outside == []
