"""Reports that people take away: one document, written as HTML, PDF, Markdown or CSV."""

from core.report.baseline import baseline_report
from core.report.chosen import account_of, week_of
from core.report.document import Document
from core.report.formats import FORMATS, render

__all__ = ["FORMATS", "Document", "account_of", "baseline_report", "render", "week_of"]
