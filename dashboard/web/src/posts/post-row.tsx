/** One post in a list. The title is text, whatever it holds. */
import type { Post } from "../api/types";
import { counted, whole } from "../format/numbers";
import { ago, full } from "../format/times";
import { now } from "../state/session";
import { addressWith, param } from "../state/url";
import { Change } from "../ui/change";
import { Icon } from "../ui/icons";

const MOST_COINS = 4;

export function PostRow({ post, horizon, compact = false }: { post: Post; horizon: number; compact?: boolean }) {
  const chosen = param("post") === post.id;
  const changes = new Map(post.changes.map((change) => [change.coin, change]));
  return (
    <li class={`post ${chosen ? "chosen" : ""}`} data-post={post.id}>
      <div class="post-meta">
        <time dateTime={post.published_at} title={full(post.published_at)}>
          {ago(post.published_at, now.value)}
        </time>
        <span class="domain">{post.domain ?? post.source}</span>
        {post.hot && (
          <span class="hot">
            <Icon name="flame" size={13} />
            hot
          </span>
        )}
        <VoteSummary post={post} />
      </div>
      <a class="post-title" href={addressWith({ post: post.id })} aria-current={chosen ? "true" : undefined}>
        {post.title || "(without a title)"}
      </a>
      {!compact && post.coins.length > 0 && (
        <div class="post-coins" title={`Return ${horizon} minutes after publication`}>
          {post.coins.slice(0, MOST_COINS).map((coin) => {
            const change = changes.get(coin);
            return (
              <a key={coin} class="chip" href={addressWith({ coin, post: null }, "/")}>
                <b>{coin}</b> {change && change.tone !== "missing" && <Change value={change.change} tone={change.tone} />}
              </a>
            );
          })}
          {post.coins.length > MOST_COINS && <span class="chip">+{post.coins.length - MOST_COINS}</span>}
        </div>
      )}
    </li>
  );
}

function VoteSummary({ post }: { post: Post }) {
  const { votes } = post;
  if (!votes) return null;
  const { positive, negative } = votes;
  if (!positive && !negative) return post.reactions ? <span>{counted(post.reactions, "reaction")}</span> : null;
  return (
    <span class="votes" title="Positive and negative votes">
      <span class="up">+{whole(positive ?? 0)}</span> <span class="down">−{whole(negative ?? 0)}</span>
      <span class="sr-only"> votes</span>
    </span>
  );
}
