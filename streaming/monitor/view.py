"""The terminal view: what is known and the verdicts on it, as something that `rich` prints. Pure; fits 100 columns."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from newswake.health.heard import is_heard
from newswake.health.inputs import Inputs
from newswake.health.levels import Health, Kind, Level
from newswake.health.words import span
from streaming.monitor.query_table import legend, query_table

COLOURS = {Level.OK: "green", Level.DEGRADED: "yellow", Level.DOWN: "red"}
MARKS = {Level.OK: "●", Level.DEGRADED: "▲", Level.DOWN: "✖"}
MOST_TROUBLES = 12


def view(inputs: Inputs, health: Health) -> RenderableType:
    parts: list[RenderableType] = [_head(inputs, health)]
    if inputs.reports or (inputs.application and inputs.application.queries):
        parts += [query_table(inputs, health, mark), legend(inputs), Text()]
    parts.append(_troubles(health))
    parts.append(_rest(inputs, health))
    return Group(*parts)


def mark(level: Level) -> Text:
    return Text(MARKS[level], style=COLOURS[level])


def _head(inputs: Inputs, health: Health) -> Panel:
    """What a person must know first: how it is, whether this is real data, and what time it is there."""
    words = {Level.OK: "HEALTHY", Level.DEGRADED: "DEGRADED", Level.DOWN: "DOWN"}
    title = Text.assemble((f" {words[health.level]} ", f"bold reverse {COLOURS[health.level]}"))
    application = inputs.application
    facts: list[str] = []
    if application is not None:
        speed = f" {application.speed:g}x" if application.speed != 1 else ""
        kind = application.source.upper() if health.simulated else (application.source or "source not known")
        facts.append(f"{kind}{speed}")
    if health.now is not None:
        facts.append(f"now {health.now:%Y-%m-%d %H:%M}")
    if application is not None:
        facts.append(f"on {application.host}")
        if application.is_up and application.ui_url:
            facts.append(f"Spark UI {application.ui_url}")
    for verdict in health.of(Kind.APPLICATION):
        title.append(plain(f"  the application: {verdict.says}", COLOURS[verdict.level]))
    if facts:
        title.append("\n" + " · ".join(facts), style="dim")
    if application is not None and application.reason and application.is_up:
        title.append("\n").append(plain(f"last time it ended with: {application.reason}", "dim"))
    return Panel(
        title,
        title="newswake",
        title_align="left",
        subtitle=f"looked at {inputs.at:%H:%M:%S} UTC",
        subtitle_align="right",
        border_style=COLOURS[health.level],
        padding=(0, 1),
    )


def _troubles(health: Health) -> RenderableType:
    """What is not as expected, the worst first, each with its rule."""
    bad = [one for one in health.verdicts if one.level is not Level.OK and one.kind is not Kind.APPLICATION]
    if not bad:
        everything = "everything" if health.level is Level.OK else "everything else that is known"
        return Text.assemble(mark(Level.OK), f" {everything} is as expected\n")
    table = _table()
    for verdict in bad[:MOST_TROUBLES]:
        table.add_row(mark(verdict.level), plain(verdict.subject, "bold"), plain(verdict.says))
    if len(bad) > MOST_TROUBLES:
        table.add_row("", "", Text(f"and {len(bad) - MOST_TROUBLES} more", style="dim"))
    return Group(table, Text())


def _rest(inputs: Inputs, health: Health) -> Table:
    """What is as expected: services, sources, data."""
    table = _table()
    for kind in (Kind.SERVICE, Kind.CANDLES, Kind.SOURCE, Kind.REPAIR, Kind.DEAD_LETTERS):
        for verdict in health.of(kind):
            if verdict.level is Level.OK:
                table.add_row(mark(verdict.level), plain(verdict.subject), plain(verdict.says, "dim"))
    application = inputs.application
    for topic in application.topics if application and is_heard(inputs) else ():
        if topic.event_at is not None and health.now is not None:
            age = span(max(0.0, (health.now - topic.event_at).total_seconds()))
            table.add_row(
                "", Text(f"topic {topic.name}"), Text(f"newest word {age} old, {topic.messages:,} messages", "dim")
            )
    return table


def plain(text: str, style: str = "") -> Text:
    """Text that may come from the net: what would move the cursor, or colour the terminal, is a space.

    >>> plain("a\\x1b[31mb\\nc").plain
    'a [31mb c'
    """
    return Text("".join(character if character.isprintable() else " " for character in text), style)


def _table() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), expand=True)
    table.add_column(width=1)
    table.add_column(max_width=24, no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=1, overflow="fold")
    return table
