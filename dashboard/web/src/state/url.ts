/** The address bar is the state: the view is its path, every filter a parameter. Back and forward work by themselves. */
import { signal } from "@preact/signals";

export type Changes = Record<string, string | null | undefined>;

const here = () => ({ path: location.pathname, search: location.search });
export const place = signal(here());

addEventListener("popstate", () => {
  place.value = here();
});

export function param(name: string): string {
  return new URLSearchParams(place.value.search).get(name) ?? "";
}

/** The address of `path` with the parameters of now, changed; an empty value takes one out. */
export function addressWith(changes: Changes, path = place.value.path, keep: readonly string[] | null = null): string {
  const parameters = new URLSearchParams(place.value.search);
  if (keep) for (const name of [...parameters.keys()]) if (!keep.includes(name)) parameters.delete(name);
  for (const [name, value] of Object.entries(changes)) {
    if (value) parameters.set(name, value);
    else parameters.delete(name);
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

export function go(address: string, replace = false): void {
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  place.value = here();
}

/** Change filters. `replace` for what is typed, so that the back button does not go letter by letter. */
export function setParams(changes: Changes, replace = false): void {
  go(addressWith(changes), replace);
}

/** Follow links to our own views without loading the page again. */
export function followLinks(): void {
  addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || link.pathname.startsWith("/api") || link.hash) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
