"""Which feeds are read: those of the setting `rss.feeds`, else the list in `conf/feeds.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from newswake.errors import SettingsError
from producers.posts.text import web_link

DEFAULT_LIST = Path(__file__).resolve().parents[2] / "conf" / "feeds.toml"
MAX_NAME = 64


def _is_link(url: str) -> str:
    if web_link(url) is None:
        raise ValueError("a feed is an http or https address")
    return url.strip()


class Feed(BaseModel):
    """One feed. `kind`: `announcement` for what an exchange itself says."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_is_link)]
    kind: Literal["news", "announcement"] = "news"

    @property
    def domain(self) -> str:
        """The host, without `www.`, in small letters."""
        return (urlsplit(self.url).hostname or "").lower().removeprefix("www.")

    @property
    def source(self) -> str:
        """The name of the source in messages and states.

        >>> Feed(url="https://www.CoinDesk.com/arc/outboundfeeds/rss/").source
        'rss.coindesk.com'
        """
        return f"rss.{re.sub('[^a-z0-9_.-]', '-', self.domain)}"[:MAX_NAME]


class FeedList(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    feeds: tuple[Feed, ...]


def load_feeds(chosen: Iterable[str] | None, path: Path = DEFAULT_LIST) -> tuple[Feed, ...]:
    """The feeds of `chosen` addresses, of the list where it is None. A known address keeps its kind.

    Raises `SettingsError` for what is no address, or a list that is absent or malformed.
    """
    try:
        listed = FeedList.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).feeds
    except FileNotFoundError:
        raise SettingsError(f"{path}, the list of feeds, is not there") from None
    except (tomllib.TOMLDecodeError, ValidationError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not a list of feeds: {error}") from None
    if chosen is None:
        return listed
    kinds = {feed.url: feed.kind for feed in listed}
    try:
        return tuple(Feed(url=url, kind=kinds.get(url.strip(), "news")) for url in chosen)
    except ValidationError:
        raise SettingsError("rss.feeds holds something that is no http or https address") from None


def by_source(feeds: Iterable[Feed]) -> dict[str, list[Feed]]:
    """Feeds by the name of their source: those of one host together."""
    groups: dict[str, list[Feed]] = {}
    for feed in dict.fromkeys(feeds):
        groups.setdefault(feed.source, []).append(feed)
    return groups
