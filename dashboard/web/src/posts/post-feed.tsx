/** The live list of posts, for the side of the chart and for the view of posts. */
import { useEffect, useRef } from "preact/hooks";
import { counted } from "../format/numbers";
import { Empty, Shown } from "../ui/states";
import type { PostFilter } from "./filter";
import { PostRow } from "./post-row";
import { usePosts } from "./use-posts";

const TOP = 60;

export function PostFeed({ filter, own = false }: { filter: PostFilter; own?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const reading = () => {
    const element = box.current;
    return Boolean(element && (element.scrollTop > TOP || (!own && scrollY > TOP) || element.matches(":hover") || element.contains(document.activeElement)));
  };
  const list = usePosts(filter, reading);
  const more = useRef(list.more);
  more.current = list.more;

  useEffect(() => {
    const sentinel = end.current;
    if (!sentinel) return undefined;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more.current(), { root: own ? box.current : null, rootMargin: "400px" });
    observer.observe(sentinel);
    return () => observer.disconnect();
  }, [list.resource.data?.posts.length, own]);

  return (
    <div ref={box} class={`feed ${own ? "own-scroll" : ""}`} {...(own ? { tabIndex: 0, role: "region", "aria-label": "Posts" } : {})}>
      {list.waiting.length > 0 && (
        <button
          type="button"
          class="new-posts"
          onClick={() => {
            list.showWaiting();
            (own ? box.current : window)?.scrollTo({ top: 0 });
          }}
        >
          {counted(list.waiting.length, "new post")}
        </button>
      )}
      <Shown of={list.resource} what="posts" rows={8}>
        {(page) =>
          page.posts.length === 0 ? (
            <Empty title="No posts here">None fits the filters. New ones appear by themselves.</Empty>
          ) : (
            <ul class="post-list">
              {page.posts.map((post) => (
                <PostRow key={post.id} post={post} horizon={filter.horizon} />
              ))}
            </ul>
          )
        }
      </Shown>
      <div ref={end} class="feed-end muted">
        {list.fetching ? "Loading more …" : list.resource.data && !list.resource.data.next && list.resource.data.posts.length > 0 ? "No older posts" : "\u00a0"}
      </div>
    </div>
  );
}
