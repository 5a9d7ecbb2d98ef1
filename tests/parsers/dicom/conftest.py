"""Each test begins without templates: what one read must not help another."""

from __future__ import annotations

import pytest

from parsers.dicom import content
from parsers.dicom.template import Templates


@pytest.fixture(autouse=True)
def _no_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "RECENT", Templates())
