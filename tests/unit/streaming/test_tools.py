"""What the work by hand takes, and what it refuses before anything starts."""

from __future__ import annotations

import pytest

from streaming import tools


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        tools.main(arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("work", ["repair", "late"])
def test_a_period_is_one_of_times_and_not_empty(work: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, work, "--from", "rubbish")
    assert "'rubbish' is no time such as 2026-03-01" in said
    for start, end in (("2026-03-02", "2026-03-01"), ("2026-03-01", "2026-03-01T01:00+01:00")):
        said = refused(capsys, work, "--from", start, "--until", end)
        assert said.endswith("the period is empty: UNTIL is not after FROM")


def test_a_query_that_is_none_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert "post_prices" in refused(capsys, "rebuild", "prices")
