"""Reports: one document model, written as HTML, PDF, PowerPoint, Markdown or CSV."""

from core.report.baseline import baseline_report
from core.report.document import Document
from core.report.formats import FORMATS, PACKET_FORMATS, render, write_packet
from core.report.weekly import Packet, packet_of, weekly_packet
