"""What becomes of parsed objects: rows of the store, written as a unit."""

from core.ingest.save.records import save_enhancements, save_feedback, save_surveys, save_tickets
from core.ingest.save.testio import (
    SaveResult,
    save_bugs,
    save_cycles,
    save_features,
    save_products,
    save_reject_reasons,
)

__all__ = [
    "SaveResult",
    "save_bugs",
    "save_cycles",
    "save_enhancements",
    "save_features",
    "save_feedback",
    "save_products",
    "save_reject_reasons",
    "save_surveys",
    "save_tickets",
]
