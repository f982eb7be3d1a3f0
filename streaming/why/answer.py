"""The answer to `make why`, also where MongoDB does not answer."""

from __future__ import annotations

from newswake.errors import ServiceError
from streaming import mongo_setup
from streaming.context import Context
from streaming.why.look import why
from streaming.why.text import as_text


def answer(context: Context, post: str, coin: str) -> str:
    """What became of the post, as text. Without MongoDB the lake and the checkpoints answer, and that is said."""
    post = post.strip().encode(errors="replace").decode()  # a byte of the command line may be no text
    try:
        database = mongo_setup.connect(context.settings.mongo)
    except ServiceError as error:
        alone = f"{error}. The lake and the checkpoints alone answer."
        return f"{alone}\n\n{as_text(why(context, None, post, coin))}"
    try:
        return as_text(why(context, database, post, coin))
    finally:
        database.client.close()
