/** What is shown of a list, and what comes to it: pages, posts that arrive or change. Pure. */
import type { Post } from "../api/types";
import { matches, type PostFilter } from "./filter";

export interface Page {
  posts: Post[];
  next: string | null;
}

export interface News {
  post: Post;
  /** Whether it is new to the tables; else it has changed. */
  isNew: boolean;
}

const published = (post: Post) => Date.parse(post.published_at);

export const holds = (page: Page, post: Post) => page.posts.some((shown) => shown.id === post.id);

export function unique(posts: Post[]): Post[] {
  return [...new Map(posts.map((post) => [post.id, post])).values()];
}

export function inOrder(posts: Post[]): Post[] {
  return [...posts].sort((one, other) => published(other) - published(one));
}

/** The page with the newest state of a post that it shows. */
export function withChange(page: Page, post: Post): Page {
  const changed = (shown: Post) => ({ ...post, changes: post.changes.length ? post.changes : shown.changes });
  return { ...page, posts: page.posts.map((shown) => (shown.id === post.id ? changed(shown) : shown)) };
}

/** The page with more posts, in order of time. */
export function withPosts(page: Page, posts: Post[]): Page {
  return { ...page, posts: inOrder(unique([...posts, ...page.posts])) };
}

/** Whether a post that is not shown belongs among those that are: it is new, or has only now become what is asked for (hot, say). */
export function belongs(page: Page, { post, isNew }: News, filter: PostFilter): boolean {
  if (!matches(post, filter)) return false;
  if (filter.sort !== "time") return isNew;
  const last = page.posts.at(-1);
  return page.next === null || !last || published(post) >= published(last);
}

/** The first page asked for again, joined to what was read on: the reader's place stays. A hole between the two ends what is kept. */
export function rejoined(first: Page, before: Page): Page {
  const last = first.posts.at(-1);
  const known = new Set(before.posts.map((post) => post.id));
  if (!last || first.next === null || !first.posts.some((post) => known.has(post.id))) return first;
  const again = new Set(first.posts.map((post) => post.id));
  const older = before.posts.filter((post) => !again.has(post.id) && published(post) <= published(last));
  return older.length ? { posts: [...first.posts, ...older], next: before.next } : first;
}
