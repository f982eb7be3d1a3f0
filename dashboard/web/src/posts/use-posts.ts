/** A list of posts in pages. New ones come in at the top, or wait there while somebody reads further down. */
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api/client";
import type { Post } from "../api/types";
import { type Resource, useResource, useTopic } from "../state/resource";
import { type PostFilter, queryOf } from "./filter";
import { belongs, holds, inOrder, type News, type Page, rejoined, unique, withChange, withPosts } from "./pages";

const PAGE = 50;
const MOST_AT_ONCE = 200;

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
  const held = useRef<Page | null>(null);
  // What came while a page was under way: the answer may be older.
  const meanwhile = useRef<News[]>([]);
  const [waiting, setWaiting] = useState<Post[]>([]);
  const [fetching, setFetching] = useState(false);
  const busy = useRef(false);

  const resource = useResource<Page>(key, async (signal) => {
    const news: News[] = (meanwhile.current = []);
    const limit = filter.sort === "time" ? PAGE : Math.min(MOST_AT_ONCE, Math.max(PAGE, held.current?.posts.length ?? 0));
    const first = await get("/api/posts", { ...queryOf(filter), limit }, signal);
    const before = held.current;
    let page: Page = before && filter.sort === "time" ? rejoined(first, before) : first;
    if (before && filter.sort === "time" && reading()) {
      const top = Date.parse(before.posts[0]?.published_at ?? "");
      const arrived = page.posts.filter((post) => !holds(before, post) && Date.parse(post.published_at) >= top);
      page = { ...page, posts: page.posts.filter((post) => !arrived.includes(post)) };
      wait(arrived);
    }
    for (const one of news) page = taken(page, one)?.(page) ?? page;
    return page;
  });
  held.current = resource.dataKey === key ? resource.data : null;

  useEffect(() => setWaiting([]), [resource.data === null, key]);

  useTopic(filter.horizon === 60 ? "posts" : `posts:${filter.horizon}`, (message) => {
    if (message.type !== "post") return;
    const news = { post: message.post, isNew: message.new };
    meanwhile.current.push(news);
    if (meanwhile.current.length > MOST_AT_ONCE) meanwhile.current.shift();
    const page = held.current;
    if (!page) return;
    const update = taken(page, news);
    if (update) resource.change(update);
  });

  const wait = (posts: Post[]) => posts.length && setWaiting((others) => inOrder(unique([...others, ...posts])));

  /** What news does to a page that is shown; null where it does nothing, or waits. */
  const taken = (page: Page, news: News): ((now: Page) => Page) | null => {
    const { post } = news;
    if (holds(page, post)) return (now) => withChange(now, post);
    if (!belongs(page, news, filter)) setWaiting((posts) => (posts.some((one) => one.id === post.id) ? unique([...posts, post]) : posts));
    else if (filter.sort === "time" && !reading()) return (now) => withPosts(now, [post]);
    else wait([post]);
    return null;
  };

  const showWaiting = () => {
    if (filter.sort === "time") resource.change((page) => withPosts(page, waiting));
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

  const shown = resource.data;
  const unseen = shown ? waiting.filter((post) => !holds(shown, post)) : waiting;
  return { resource, waiting: unseen, showWaiting, more, fetching };
}
