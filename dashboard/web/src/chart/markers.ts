/** Posts on the chart: an arrow that tells the measured return, a number where several are one. Pure. */
import type { SeriesMarker, UTCTimestamp } from "lightweight-charts";
import type { Marker, Tone } from "../api/types";
import type { Palette } from "../ui/colours";

export const markerKey = (marker: Marker) => marker.id ?? `${marker.time}-${marker.until}`;

const SHAPES: Record<Tone, { shape: "arrowUp" | "arrowDown" | "circle" | "square"; position: "aboveBar" | "belowBar" }> = {
  up: { shape: "arrowUp", position: "belowBar" },
  down: { shape: "arrowDown", position: "aboveBar" },
  flat: { shape: "circle", position: "aboveBar" },
  open: { shape: "circle", position: "aboveBar" },
  missing: { shape: "square", position: "aboveBar" },
};

export function shapes(markers: Marker[], palette: Palette): SeriesMarker<UTCTimestamp>[] {
  return markers.map((marker) => ({
    time: (marker.time / 1000) as UTCTimestamp,
    ...SHAPES[marker.tone],
    color: colourOf(marker.tone, palette),
    id: markerKey(marker),
    size: marker.count > 1 ? 1.3 : marker.hot ? 1.1 : 0.8,
    ...(marker.count > 1 ? { text: String(marker.count) } : {}),
  }));
}

function colourOf(tone: Tone, palette: Palette): string {
  if (tone === "up" || tone === "down") return palette[tone];
  return tone === "open" ? palette.accent : palette.flat;
}
