"""Small drawings made of characters: a sparkline, a bar of parts, a number that fits. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values, oldest first, each as a block as high as its share of the largest.

    >>> sparkline([0, 1, 2, 4, 8], 4), sparkline([0, 0], 4), sparkline([], 4)
    ('▁▂▄█', '▁▁', '')
    """
    shown = values[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return BLOCKS[0] * len(shown)
    return "".join(BLOCKS[min(7, max(0, round(8 * value / top) - 1))] for value in shown)


def widths(parts: Mapping[str, float], width: int) -> dict[str, int]:
    """How many of `width` characters each part gets: by its share, the rounding going to the largest remainders.

    >>> widths({"a": 3.0, "b": 1.0, "c": 0.0}, 8)
    {'a': 6, 'b': 2, 'c': 0}
    >>> sum(widths({"a": 1.0, "b": 1.0, "c": 1.0}, 8).values())
    8
    """
    total = sum(parts.values())
    if total <= 0:
        return dict.fromkeys(parts, 0)
    exact = {name: width * value / total for name, value in parts.items()}
    found = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: found[name] - exact[name])
    for name in by_remainder[: width - sum(found.values())]:
        found[name] += 1
    return found


def short(number: float) -> str:
    """A count in at most five characters.

    >>> [short(n) for n in (0, 0.4, 7, 999, 1_234, 56_700, 1_250_000)]
    ['0', '0.4', '7', '999', '1.2k', '57k', '1.2M']
    """
    if 0 < number < 1:
        return f"{number:.1f}"
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size * 0.9995:
            scaled = number / size
            return f"{scaled:.1f}{unit}" if scaled < 9.95 else f"{scaled:.0f}{unit}"
    return f"{number:.0f}"


def size(count: float) -> str:
    """Bytes.

    >>> size(0), size(2_100_000)
    ('0 B', '2.1 MB')
    """
    text = short(count)
    return f"{text[:-1]} {text[-1]}B" if text[-1] in "kMG" else f"{text} B"
