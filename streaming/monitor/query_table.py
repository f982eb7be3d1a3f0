"""The table of the queries: one line each."""

from __future__ import annotations

from collections.abc import Callable

from rich.table import Table
from rich.text import Text

from newswake.health.heard import is_heard
from newswake.health.inputs import Inputs
from newswake.health.levels import Health, Kind, Level
from newswake.health.report import Report
from newswake.health.words import span
from streaming.monitor.drawing import short, size, sparkline, widths
from streaming.monitor.figures import behind, is_active, is_old, late_rows, names_of, seconds_behind
from streaming.monitor.phases import PARTS, parts_of

BAR, SPARK = 14, 6
PART_COLOURS = dict(
    zip(
        PARTS,
        ("grey50", "blue", "cyan", "magenta", "green", "yellow", "orange3", "white", "grey30"),
        strict=True,
    )
)


def query_table(inputs: Inputs, health: Health, mark: Callable[[Level], Text]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True, header_style="dim")
    table.add_column("")
    table.add_column("query", no_wrap=True)
    for heading in ("batch", "took"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("of which" if is_heard(inputs) else "last batch", width=BAR, no_wrap=True)
    table.add_column("rows/s", justify="right", no_wrap=True)
    table.add_column("", width=SPARK, no_wrap=True)
    for heading in ("behind", "watermark", "state", "late"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name in names_of(inputs):
        verdicts = health.of(Kind.QUERY, name)
        level = mark(verdicts[0].level) if verdicts else Text("·", style="dim")
        table.add_row(level, Text(name), *_cells(inputs, name, health))
    return table


def legend(inputs: Inputs) -> Text:
    """Which colour of the bar is which part of a batch, or what is old; and which rows are counted as late."""
    text = Text("  ")
    if is_heard(inputs):
        for part, colour in PART_COLOURS.items():
            text.append("█", style=colour).append(f" {part}  ", style="dim")
    else:
        text.append("grey: the application's last word", style="dim")
        if inputs.unread:
            text.append("; behind: counted now, by its consumer groups", style="dim")
    if any(late_rows(inputs, name)[0] for name in names_of(inputs)):
        batches = max(map(len, inputs.reports.values()), default=0)
        since = "since the start" if inputs.late_rows else f"in the last {batches} batches"
        text.append(f"\n  late: rows later than the watermark {since}, left to the repair", style="dim")
    return text


def _cells(inputs: Inputs, name: str, health: Health) -> list[Text]:
    reports = inputs.reports.get(name, ())
    if not reports:
        return [Text("no batch yet", style="dim")]
    newest, was_before = reports[0], is_old(inputs, name)
    has_ended = is_active(inputs, name) is False
    old = "dim" if was_before or has_ended else ""
    rates = inputs.rates.get(name) or [report.processed_rows_per_second for report in reversed(reports)]
    count, _ = behind(inputs, name)
    seconds = seconds_behind(inputs, name).values()
    watermark = next((report.watermark for report in reports if report.watermark), None)
    late, _ = late_rows(inputs, name)
    rows = short(newest.state_rows) if newest.state_rows is not None else "?"
    state = f"{rows} {size(newest.state_bytes)}" if newest.states else "–"
    return [
        Text(str(newest.batch_id), old),
        Text(span(newest.seconds), old),
        Text(f"{span(inputs.at - newest.at)} ago") if was_before else Text("ended") if has_ended else _bar(newest),
        Text(short(newest.processed_rows_per_second), old),
        Text(sparkline(rates, SPARK), old or "cyan"),
        Text(
            ("?" if count is None else short(count)) + " msg" + (f" {span(max(seconds))}" if seconds else ""),
            "" if name in inputs.unread else old,
        ),
        Text(span(health.now - watermark) if watermark and health.now else "–", old),
        Text(state, old),
        Text(short(late), old or ("yellow" if late else "")),
    ]


def _bar(report: Report) -> Text:
    text = Text()
    for part, width in widths(parts_of(report), BAR).items():
        text.append("█" * width, style=PART_COLOURS[part])
    return text
