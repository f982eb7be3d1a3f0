"""What became of a post, as text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from streaming.why.look import Found


def as_text(found: Sequence[Found]) -> str:
    return "\n\n".join("\n".join(map(_plain, _lines(one))) for one in found)


def _plain(line: str) -> str:
    """Titles, ids and reasons are other people's text: what a terminal would obey is no part of a line."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)


def _lines(found: Found) -> list[str]:
    if found.post is None:
        return [f"The post is {found.says}."]
    post = found.post
    steps = [("published", post["published_at"]), ("known to the source", post.get("created_at"))]
    steps += [
        ("first seen by us", post["first_seen_at"]),
        ("last seen by us", post["seen_at"]),
        ("hot", post.get("hot_at")),
    ]
    lines = [f"{post['_id']}  {str(post['title'])[:80]}"]
    lines += [f"  {name:<20} {_time(moment)}" for name, moment in steps if moment is not None]
    lines.append(f"  {'in Kafka':<20} not kept: a message's own time is only kept where it is refused")
    if found.says:
        return [*lines, f"{found.coin}: {found.says}."]
    lines.append(f"{'coin':<7}{'horizon':>9}  {'target time':<17} {'outcome':<12} why")
    written = ""  # most rows of a post come in one batch, which is told once
    for fate in found.fates:
        horizon = f"{fate.due.horizon_minutes:,} min"
        target = f"{fate.due.target_time:%Y-%m-%d %H:%M}"
        if written and fate.written != written:
            lines.append(f"{'':<18}{written}")
        written = fate.written
        lines.append(f"{found.coin:<7}{horizon:>9}  {target:<17} {fate.outcome:<12} {fate.says}")
    if written:
        lines.append(f"{'':<18}{written}")
    return lines


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
