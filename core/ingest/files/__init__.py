"""Import of files: ticket exports, enhancement records, feedback and surveys."""

from core.ingest.files.load import (
    ImportReport,
    date_formats_of,
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
    "date_formats",
    "date_formats_of",
    "import_file",
    "known_mapping",
    "open_records",
    "remember_mapping",
]
