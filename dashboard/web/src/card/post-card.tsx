/** Everything about one post, beside whatever is shown: its clocks, its votes, its wake. */
import { useEffect, useRef } from "preact/hooks";
import { get } from "../api/client";
import type { Card } from "../api/types";
import { useResource, useTopic } from "../state/resource";
import { setParams } from "../state/url";
import { Exports } from "../ui/controls";
import { Icon } from "../ui/icons";
import { Shown } from "../ui/states";
import { Clocks } from "./clocks";
import { VotesNow } from "./votes";
import { WakeSection } from "./wake";

export function PostCard({ id }: { id: string }) {
  const box = useRef<HTMLDivElement>(null);
  const cameFrom = useRef<Element | null>(null);
  const card = useResource<Card>(id, (signal) => get("/api/posts/card", { id }, signal));
  const close = () => {
    setParams({ post: null });
    if (cameFrom.current instanceof HTMLElement && cameFrom.current.isConnected) cameFrom.current.focus();
  };

  useTopic(`post_prices:${id}`, (message) => {
    if (message.type === "wakes" && message.id === id) card.change((data) => ({ ...data, wakes: message.wakes }));
  });
  useTopic("posts", (message) => {
    if (message.type === "post" && message.post.id === id) card.reload();
  });

  useEffect(() => {
    const active = document.activeElement;
    if (active && !box.current?.contains(active)) cameFrom.current = active;
    box.current?.focus();
  }, [id]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && !event.defaultPrevented && close();
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  const shown = card.dataKey === id ? card : { ...card, data: null };
  return (
    <div ref={box} class="card" role="dialog" aria-label="Post" tabIndex={-1}>
      <header class="card-head">
        <Exports path="card" query={{ id }} />
        <button type="button" class="icon-button" aria-label="Close the post" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div class="card-body">
        <Shown of={shown} what="the post" rows={12}>
          {(data) => <CardBody card={data} />}
        </Shown>
      </div>
    </div>
  );
}

function CardBody({ card }: { card: Card }) {
  const { post } = card;
  const link = safeLink(post.link);
  return (
    <>
      <h2 class="card-title">{post.title || "(without a title)"}</h2>
      <p class="card-meta">
        <span>{post.source}</span>
        {link ? (
          <a href={link} target="_blank" rel="noopener noreferrer nofollow">
            {post.domain ?? new URL(link).hostname} <Icon name="external" size={13} />
            <span class="sr-only"> (opens in a new tab)</span>
          </a>
        ) : (
          <span class="muted">{post.domain ?? "no link"}</span>
        )}
        {post.hot && (
          <span class="hot">
            <Icon name="flame" size={13} />
            hot
          </span>
        )}
      </p>
      <Clocks clocks={card.clocks} />
      <VotesNow card={card} />
      {card.wakes.length === 0 && <p class="muted">The post names no coin, so there is no wake to measure.</p>}
      {card.wakes.map((wake) => (
        <WakeSection key={wake.coin} wake={wake} quote={card.quote} />
      ))}
    </>
  );
}

/** The server only passes http and https on; whatever else should come is not made a link. */
export function safeLink(link: string | null): string | null {
  return link && /^https?:\/\//i.test(link) && URL.canParse(link) ? link : null;
}
