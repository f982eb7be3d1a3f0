"""The table of the queries: one line each."""

from __future__ import annotations

from collections.abc import Callable

from rich.table import Table
from rich.text import Text

from newswake.health.inputs import Inputs, QueryState
from newswake.health.levels import Health, Kind, Level
from newswake.health.queries import messages_behind
from newswake.health.report import Report
from newswake.health.words import span
from streaming.monitor.drawing import short, size, sparkline, widths
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
    table.add_column("of which", width=BAR, no_wrap=True)
    table.add_column("rows/s", justify="right", no_wrap=True)
    table.add_column("", width=SPARK, no_wrap=True)
    for heading in ("behind", "watermark", "state", "late"):
        table.add_column(heading, justify="right", no_wrap=True)
    known = {query.name: query for query in inputs.application.queries} if inputs.application else {}
    for name in sorted({*inputs.reports, *known}):
        verdicts = health.of(Kind.QUERY, name)
        level = mark(verdicts[0].level) if verdicts else Text("·", style="dim")
        reports = inputs.reports.get(name, ())
        table.add_row(level, name, *_cells(known.get(name), reports, health))
    return table


def legend() -> Text:
    """Which colour of the bar is which part of a batch."""
    text = Text("  ")
    for part, colour in PART_COLOURS.items():
        text.append("█", style=colour).append(f" {part}  ", style="dim")
    return text


def _cells(query: QueryState | None, reports: tuple[Report, ...], health: Health) -> list[Text]:
    if not reports:
        return [Text("no batch yet", style="dim")]
    newest = reports[0]
    rates = [report.processed_rows_per_second for report in reversed(reports)]
    behind = f"{short(messages_behind(query, reports))} msg"
    if query is not None and query.seconds_behind:
        behind += f" {span(max(query.seconds_behind.values()))}"
    watermark = next((report.watermark for report in reports if report.watermark), None)
    late = sum(report.late_rows for report in reports)
    rows = short(newest.state_rows) if newest.state_rows is not None else "?"
    state = f"{rows} {size(newest.state_bytes)}" if newest.states else "–"
    return [
        Text(str(newest.batch_id)),
        Text(span(newest.seconds)),
        _bar(newest),
        Text(short(newest.processed_rows_per_second)),
        Text(sparkline(rates, SPARK), style="cyan"),
        Text(behind),
        Text(span(health.now - watermark) if watermark and health.now else "–"),
        Text(state),
        Text(short(late), style="yellow" if late else ""),
    ]


def _bar(report: Report) -> Text:
    text = Text()
    for part, width in widths(parts_of(report), BAR).items():
        text.append("█" * width, style=PART_COLOURS[part])
    return text
