/** The colours of the style sheet, for what is drawn on a canvas. */
const NAMES = ["text", "muted", "panel", "grid", "line", "accent", "up", "down", "flat", "hot", "band", "up-soft", "down-soft"] as const;

type Name = (typeof NAMES)[number];
export type Palette = Record<Name, string>;

export function colours(): Palette {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette;
}
