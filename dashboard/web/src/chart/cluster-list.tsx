/** The posts that one marker stands for. */
import { useEffect, useRef } from "preact/hooks";
import { get } from "../api/client";
import type { Marker } from "../api/types";
import { counted } from "../format/numbers";
import { dayClock } from "../format/times";
import { PostRow } from "../posts/post-row";
import { useResource } from "../state/resource";
import { Icon } from "../ui/icons";
import { Shown } from "../ui/states";

export function ClusterList({ marker, coin, horizon, close }: { marker: Marker; coin: string; horizon: number; close: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const posts = useResource(`${coin}:${marker.time}:${marker.until}:${horizon}`, (signal) =>
    get("/api/posts", { coin, from: new Date(marker.time).toISOString(), to: new Date(marker.until).toISOString(), horizon, limit: 100 }, signal),
  );
  useEffect(() => box.current?.focus(), [marker]);
  return (
    <div ref={box} class="cluster" role="dialog" aria-label={counted(marker.count, "post")} tabIndex={-1} onKeyDown={(event) => event.key === "Escape" && close()}>
      <header class="panel-head">
        <h3>
          {counted(marker.count, "post")} from {dayClock(marker.time)}
        </h3>
        <button type="button" class="icon-button" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <Shown of={posts} what="posts">
        {(answer) => (
          <ul class="post-list">
            {answer.posts.map((post) => (
              <PostRow key={post.id} post={post} horizon={horizon} compact />
            ))}
          </ul>
        )}
      </Shown>
    </div>
  );
}
