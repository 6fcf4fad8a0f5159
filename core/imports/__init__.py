"""Bringing files into the store: ticket exports, enhancement records, feedback, surveys."""

from core.imports.files import RecordFile, open_records
from core.imports.load import (
    ImportReport,
    Refused,
    import_file,
    known_mapping,
    remember_mapping,
)
from core.imports.mapping import FIELDS, ISO, KINDS, ColumnMapping, date_formats

__all__ = [
    "FIELDS",
    "ISO",
    "KINDS",
    "ColumnMapping",
    "ImportReport",
    "RecordFile",
    "Refused",
    "date_formats",
    "import_file",
    "known_mapping",
    "open_records",
    "remember_mapping",
]
