/** The views: at the left, at the bottom of a phone. The coin and the period go along. */
import { useEffect, useRef } from "preact/hooks";
import { addressWith, place } from "../state/url";
import { Icon } from "../ui/icons";
import { VIEWS } from "../views";

const ALONG = ["coin", "period"];

export function Nav() {
  const box = useRef<HTMLElement>(null);
  const { path } = place.value;
  useEffect(() => {
    const current = box.current?.querySelector("[aria-current]");
    if (current instanceof HTMLElement && box.current) box.current.scrollLeft = current.offsetLeft - box.current.clientWidth / 2 + current.clientWidth / 2;
  }, [path]);
  return (
    <nav ref={box} class="nav" aria-label="Views">
      {VIEWS.map((view) => (
        <a key={view.path} href={addressWith({}, view.path, ALONG)} aria-current={view.path === path ? "page" : undefined}>
          <Icon name={view.icon} size={20} />
          <span>{view.name}</span>
        </a>
      ))}
    </nav>
  );
}
