"""Bringing files into the store: ticket exports, enhancement records, feedback, surveys."""

from core.ingest.files.load import (
    ImportReport,
    Refused,
    import_file,
    known_mapping,
    remember_mapping,
)
from core.ingest.files.mapping import FIELDS, ISO, KINDS, ColumnMapping, date_formats
from core.ingest.files.records import RecordFile, open_records

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
