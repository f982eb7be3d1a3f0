/** What the reader prefers, remembered in this browser: colours, and the zone in which times are shown. */
import { effect, signal } from "@preact/signals";

export type Theme = "dark" | "light";
export type Zone = "utc" | "local";

function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`newswake.${name}`);
  } catch {
    return null; // a browser that keeps nothing starts from the defaults each time
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`newswake.${name}`, value);
  } catch (error) {
    console.info("Preferences are not remembered in this browser", error);
  }
}

const prefersLight = matchMedia("(prefers-color-scheme: light)");
const system = (): Theme => (prefersLight.matches ? "light" : "dark");
const chosen = remembered("theme");
let isChosen = chosen === "dark" || chosen === "light";

export const theme = signal<Theme>(isChosen ? (chosen as Theme) : system());
export const zone = signal<Zone>(remembered("zone") === "local" ? "local" : "utc");

prefersLight.addEventListener("change", () => {
  if (!isChosen) theme.value = system();
});

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

export function toggleTheme(): void {
  isChosen = true;
  theme.value = theme.value === "dark" ? "light" : "dark";
  remember("theme", theme.value);
}

export function toggleZone(): void {
  zone.value = zone.value === "utc" ? "local" : "utc";
  remember("zone", zone.value);
}
