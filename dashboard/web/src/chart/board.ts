/** The candle chart itself: lightweight-charts behind the few verbs that the page needs. */
import {
  CandlestickSeries, ColorType, createChart, createSeriesMarkers, CrosshairMode, HistogramSeries, TickMarkType,
  type CandlestickData, type HistogramData, type IChartApi, type ISeriesApi, type ISeriesMarkersPluginApi, type MouseEventParams,
  type SeriesMarker, type UTCTimestamp, type WhitespaceData,
} from "lightweight-charts";
import type { Bar, Marker } from "../api/types";
import { price, priceDecimals } from "../format/numbers";
import { clock, day, full, monthYear, year } from "../format/times";
import { now } from "../state/session";
import { colours, type Palette } from "../ui/colours";
import { holes, isForming, withHoles } from "./bars";
import { markerKey, shapes } from "./markers";

type Range = { from: number; to: number };
type Place = Bar | { time: number };

export interface Hover {
  /** The bar under the crosshair; null outside. */
  bar: Bar | null;
  marker: Marker | null;
  x: number;
  y: number;
}

export interface BoardEvents {
  hover: (hover: Hover | null) => void;
  pick: (marker: Marker) => void;
  nearStart: () => void;
}

const FIRST_BAR_WIDTH = 7.5;
const NEAR_START = 30;
const seconds = (time: number) => (time / 1000) as UTCTimestamp;

export class Board {
  private readonly chart: IChartApi;
  private readonly candles: ISeriesApi<"Candlestick">;
  private readonly volume: ISeriesApi<"Histogram">;
  private readonly marks: ISeriesMarkersPluginApi<UTCTimestamp>;
  private palette: Palette = colours();
  private bars = new Map<number, Bar>();
  private markers = new Map<string, Marker>();
  private drawnMarkers: Marker[] = [];
  private aimed: Range | null = null;
  private last = 0;
  private step = 60_000;
  private decimals = 2;

  constructor(
    private readonly element: HTMLElement,
    private readonly events: BoardEvents,
  ) {
    // The library's own logo needs an inline style; the link to TradingView stands below the chart.
    this.chart = createChart(element, { autoSize: true, layout: { attributionLogo: false }, timeScale: { rightOffset: 4, timeVisible: true, minBarSpacing: 0.6 } });
    this.candles = this.chart.addSeries(CandlestickSeries, { priceLineStyle: 2 });
    this.volume = this.chart.addSeries(HistogramSeries, { priceScaleId: "volume", lastValueVisible: false, priceLineVisible: false });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.1, bottom: 0.2 } });
    this.marks = createSeriesMarkers(this.candles, []) as ISeriesMarkersPluginApi<UTCTimestamp>;
    this.chart.subscribeCrosshairMove((event) => this.events.hover(this.hoverOf(event as MouseEventParams<UTCTimestamp>)));
    this.chart.subscribeClick((event) => {
      const marker = this.hoverOf(event as MouseEventParams<UTCTimestamp>)?.marker;
      if (marker) this.events.pick(marker);
    });
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      this.aimed = null;
      if (!range || !this.bars.size) return;
      Object.assign(element.dataset, { from: range.from.toFixed(1), to: range.to.toFixed(1) });
      if (range.from < NEAR_START) this.events.nearStart();
    });
    this.restyle();
  }

  /** All bars anew. `keep` leaves zoom and position as they are. */
  show(bars: Bar[], step: number, keep: boolean): void {
    this.step = step;
    this.bars = new Map(bars.map((bar) => [bar.time, bar]));
    this.last = bars.at(-1)?.time ?? 0;
    const places = withHoles(bars, step);
    this.decimals = priceDecimals(bars.at(-1)?.close ?? 1);
    this.candles.applyOptions({ priceFormat: { type: "custom", formatter: (value: number) => price(value, bars.at(-1)?.close ?? value), minMove: 10 ** -this.decimals } });
    this.candles.setData(places.map((place) => this.candle(place)));
    this.volume.setData(places.map((place) => this.column(place)));
    this.tint();
    if (!keep) {
      this.chart.priceScale("right").applyOptions({ autoScale: true });
      const count = Math.max(30, Math.round(this.element.clientWidth / FIRST_BAR_WIDTH));
      this.chart.timeScale().setVisibleLogicalRange({ from: places.length - count, to: places.length + 4 });
    }
  }

  /** One bar that is new or has changed; older ones are the caller's to show anew. */
  update(bar: Bar): void {
    const ended = this.bars.get(this.last);
    if (ended && bar.time > this.last) {
      this.candles.update(this.candle(ended)); // drawn as forming until now
      for (const time of holes(this.last, bar.time, this.step)) {
        this.candles.update({ time: seconds(time) });
        this.volume.update({ time: seconds(time) });
      }
    }
    this.last = Math.max(this.last, bar.time);
    this.bars.set(bar.time, bar);
    this.candles.update(this.candle(bar));
    this.volume.update(this.column(bar));
    this.tint();
  }

  mark(markers: Marker[]): void {
    this.drawnMarkers = markers;
    this.markers = new Map(markers.map((marker) => [markerKey(marker), marker]));
    this.marks.setMarkers(shapes(markers, this.palette) as SeriesMarker<UTCTimestamp>[]);
  }

  /** Take the colours and the zone of now. */
  restyle(): void {
    const palette = (this.palette = colours());
    this.chart.applyOptions({
      layout: { background: { type: ColorType.Solid, color: palette.panel }, textColor: palette.muted, fontFamily: "system-ui, sans-serif", fontSize: 11 },
      grid: { vertLines: { color: palette.grid }, horzLines: { color: palette.grid } },
      crosshair: { mode: CrosshairMode.Normal, vertLine: { color: palette.muted, labelBackgroundColor: palette.accent }, horzLine: { color: palette.muted, labelBackgroundColor: palette.accent } },
      rightPriceScale: { borderColor: palette.line },
      timeScale: { borderColor: palette.line, tickMarkFormatter: (time: UTCTimestamp, kind: TickMarkType) => tick(time * 1000, kind) },
      localization: { timeFormatter: (time: UTCTimestamp) => full(time * 1000) },
    });
    const { up, down } = palette;
    this.candles.applyOptions({ upColor: up, downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down });
    if (this.bars.size) this.show([...this.bars.values()].sort((one, other) => one.time - other.time), this.step, true);
    this.mark(this.drawnMarkers);
  }

  /** Move by a share of what is visible, or zoom by a factor: what the keys do. */
  move(by: number): void {
    this.aim(({ from, to }) => ({ from: from + by * (to - from), to: to + by * (to - from) }));
  }

  zoom(factor: number): void {
    this.aim(({ from, to }) => ({ from: to - (to - from) * factor, to }));
  }

  /** The chart moves on the browser's next frame: of two keys before it the second goes on from where the first leads. */
  private aim(next: (range: Range) => Range): void {
    const range = this.aimed ?? this.chart.timeScale().getVisibleLogicalRange();
    if (!range) return;
    this.aimed = next(range);
    this.chart.timeScale().setVisibleLogicalRange(this.aimed);
  }

  toNewest(): void {
    this.chart.timeScale().scrollToRealTime();
  }

  remove(): void {
    this.chart.remove();
  }

  /** The line and the label of the newest price: by themselves they take the filling of the bar, which a forming one has not. */
  private tint(): void {
    const bar = this.bars.get(this.last);
    if (bar) this.candles.applyOptions({ priceLineColor: bar.close >= bar.open ? this.palette.up : this.palette.down });
  }

  private candle(place: Place): CandlestickData<UTCTimestamp> | WhitespaceData<UTCTimestamp> {
    const time = seconds(place.time);
    if (!("close" in place)) return { time };
    const { open, high, low, close } = place;
    if (!isForming(place, this.step, now.value)) return { time, open, high, low, close };
    const colour = close >= open ? this.palette.up : this.palette.down;
    return { time, open, high, low, close, color: this.palette.panel, borderColor: colour, wickColor: colour };
  }

  private column(place: Place): HistogramData<UTCTimestamp> | WhitespaceData<UTCTimestamp> {
    const time = seconds(place.time);
    if (!("close" in place)) return { time };
    return { time, value: place.volume, color: place.close >= place.open ? this.palette["up-soft"] : this.palette["down-soft"] };
  }

  private hoverOf(event: MouseEventParams<UTCTimestamp>): Hover | null {
    if (!event.point) return null;
    const object = event.hoveredInfo?.objectId ?? event.hoveredObjectId;
    const marker = typeof object === "string" ? (this.markers.get(object) ?? null) : null;
    return { bar: this.bars.get((event.time ?? 0) * 1000) ?? null, marker, x: event.point.x, y: event.point.y };
  }
}

/** In a zone other than UTC a day does not begin where the library thinks: the clock tells which it is. */
function tick(time: number, kind: TickMarkType): string {
  const midnight = clock(time) === "00:00";
  if (kind === TickMarkType.Year) return year(time);
  if (kind === TickMarkType.Month) return monthYear(time);
  if (kind === TickMarkType.DayOfMonth || midnight) return midnight ? day(time) : clock(time);
  return clock(time);
}
