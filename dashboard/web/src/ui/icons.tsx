/** The few signs of the page, drawn with strokes of the text's colour. */
const PATHS = {
  chart: "M4 19h16M7 15V9m0-3v0M7 6v3m5 8v-6m0-5v2m0 0v3m5 6V9m0-4v2",
  posts: "M5 5h14v14H5zM8 9h8M8 12h8M8 15h5",
  moves: "M4 17l5-6 4 3 7-9m0 0h-5m5 0v5",
  wakes: "M3 14c3 0 3-4 6-4s3 4 6 4 3-4 6-4M3 19c3 0 3-3 6-3s3 3 6 3 3-3 6-3",
  gauge: "M4 17a8 8 0 1 1 16 0M12 17l4-6",
  statistics: "M5 19V11m5 8V5m5 14v-6m5 6V9",
  portfolio: "M4 8h16v11H4zM9 8V5h6v3M4 13h16",
  coins: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v8M8 12h8",
  alerts: "M6 16V11a6 6 0 1 1 12 0v5l2 2H4zM10 20h4",
  health: "M3 12h4l2-5 4 10 2-5h6",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3m0 14v3M2 12h3m14 0h3M5 5l2 2m10 10l2 2M19 5l-2 2M7 17l-2 2",
  moon: "M20 14.5A8 8 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5z",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4l3 2",
  close: "M6 6l12 12M18 6L6 18",
  external: "M14 5h5v5M19 5l-8 8M17 14v5H5V7h5",
  search: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM16 16l4 4",
  download: "M12 4v11m0 0l-4-4m4 4l4-4M5 19h14",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  flame: "M12 3c1 4 5 6 5 10.5A5 5 0 0 1 7 14c0-2 1-3 2-4 0 2 1 3 2 3 1-3-1-6 1-10z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
