from types import SimpleNamespace

import pytest

from core.ui import keep_here, session, study_arm


@pytest.mark.parametrize(("arm", "stays"), [(None, True), (object(), False)])
def test_in_a_studys_task_the_photo_is_the_servers_to_note(monkeypatch, arm, stays):
    ticked = SimpleNamespace(kept={"keep_on_device": True})
    monkeypatch.setattr(session, "visit", lambda: ticked)
    monkeypatch.setattr(study_arm, "current", lambda: arm)
    assert keep_here.wanted() is stays
