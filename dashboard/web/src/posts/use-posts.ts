/** A list of posts in pages. New ones come in at the top, or wait there while somebody reads further down. */
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api/client";
import type { Post } from "../api/types";
import { type Resource, useResource, useTopic } from "../state/resource";
import { matches, type PostFilter, queryOf } from "./filter";

const PAGE = 50;

interface Page {
  posts: Post[];
  next: string | null;
}

export interface PostList {
  resource: Resource<Page>;
  /** Posts that have come and are not shown yet. */
  waiting: Post[];
  showWaiting: () => void;
  more: () => void;
  fetching: boolean;
}

/** `reading` tells whether new posts must wait, so that nothing moves under the reader's eyes. */
export function usePosts(filter: PostFilter, reading: () => boolean): PostList {
  const key = JSON.stringify(filter);
  const resource = useResource<Page>(key, (signal) => get("/api/posts", { ...queryOf(filter), limit: PAGE }, signal));
  const [waiting, setWaiting] = useState<Post[]>([]);
  const [fetching, setFetching] = useState(false);
  const busy = useRef(false);

  useEffect(() => setWaiting([]), [resource.data === null, key]);

  useTopic(filter.horizon === 60 ? "posts" : `posts:${filter.horizon}`, (message) => {
    if (message.type !== "post" || resource.dataKey !== key) return;
    const { post } = message;
    if (resource.data?.posts.some((shown) => shown.id === post.id)) {
      resource.change((page) => ({ ...page, posts: page.posts.map((shown) => (shown.id === post.id ? { ...post, changes: post.changes.length ? post.changes : shown.changes } : shown)) }));
    } else if (message.new && matches(post, filter)) {
      if (filter.sort === "time" && !reading()) resource.change((page) => ({ ...page, posts: inOrder([post, ...page.posts]) }));
      else setWaiting((posts) => [post, ...posts.filter((other) => other.id !== post.id)]);
    }
  });

  const showWaiting = () => {
    if (filter.sort === "time") resource.change((page) => ({ ...page, posts: inOrder(unique([...waiting, ...page.posts])) }));
    else resource.reload();
    setWaiting([]);
  };

  const more = () => {
    const cursor = resource.data?.next;
    if (!cursor || busy.current || resource.dataKey !== key) return;
    busy.current = true;
    setFetching(true);
    get("/api/posts", { ...queryOf(filter), limit: PAGE, cursor })
      .then((page) => resource.change((before) => ({ posts: unique([...before.posts, ...page.posts]), next: page.next })))
      .catch((error: unknown) => console.warn("The next posts did not come", error))
      .finally(() => {
        busy.current = false;
        setFetching(false);
      });
  };

  return { resource, waiting, showWaiting, more, fetching };
}

function unique(posts: Post[]): Post[] {
  return [...new Map(posts.map((post) => [post.id, post])).values()];
}

function inOrder(posts: Post[]): Post[] {
  return [...posts].sort((one, other) => Date.parse(other.published_at) - Date.parse(one.published_at));
}
