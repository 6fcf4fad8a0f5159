"""The documents say what the registry says."""

import pytest

from core.analytics.definitions import METRICS
from core.analytics.handbook import DOCUMENTS, rewritten
from core.base.settings import ROOT


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_are_written_from_the_registry(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    assert text == rewritten(document), "run: python -m core.analytics.handbook"
    assert all(f"`{key}`" in text for key in METRICS)
