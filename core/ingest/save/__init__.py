"""Saving parsed objects as rows of the store, in a unit of work."""

from core.ingest.save.platform import (
    imported_vote_id,
    save_enhancements,
    save_feedback,
    save_scraped,
    save_surveys,
    save_tickets,
)
from core.ingest.save.testio import (
    SaveResult,
    save_bugs,
    save_cycles,
    save_features,
    save_products,
    save_reject_reasons,
    stored_rows,
)

__all__ = [
    "SaveResult",
    "imported_vote_id",
    "save_bugs",
    "save_cycles",
    "save_enhancements",
    "save_features",
    "save_feedback",
    "save_products",
    "save_reject_reasons",
    "save_scraped",
    "save_surveys",
    "save_tickets",
    "stored_rows",
]
