/** Numbers as people of this trade read them. All return text; null becomes a dash. */
export const DASH = "–";
const MINUS = "−";
const MAX_DECIMALS = 12;

type Figure = number | null | undefined;

/** How many decimals a price of this size needs: 104,250.10, 3.4210, 0.00001234. */
export function priceDecimals(value: number): number {
  const size = Math.abs(value);
  if (size === 0 || size >= 100) return 2;
  if (size >= 1) return 4;
  return Math.min(MAX_DECIMALS, 3 - Math.floor(Math.log10(size)));
}

export function fixed(value: Figure, decimals: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

export function price(value: Figure, like: Figure = value): string {
  return value === null || value === undefined ? DASH : fixed(value, priceDecimals(like || value));
}

const compactFormat = new Intl.NumberFormat("en-US", { notation: "compact", minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** 1.23M; small ones as prices. */
export function compact(value: Figure): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  return Math.abs(value) < 1000 ? fixed(value, value && Math.abs(value) < 1 ? priceDecimals(value) : 2) : compactFormat.format(value);
}

export function whole(value: Figure): string {
  return fixed(value, 0);
}

/** A fraction as per cent, always with its sign: +0.42%. */
export function percent(value: Figure, decimals = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  const text = fixed(Math.abs(value) * 100, decimals);
  if (!/[1-9]/.test(text)) return `${text}%`;
  return `${value < 0 ? MINUS : "+"}${text}%`;
}

/** A share, without a sign: 42%. */
export function share(value: Figure, decimals = 0): string {
  return value === null || value === undefined ? DASH : `${fixed(value * 100, decimals)}%`;
}

export function signed(value: Figure, decimals = 2): string {
  if (value === null || value === undefined) return DASH;
  const text = fixed(Math.abs(value), decimals);
  return /[1-9]/.test(text) ? `${value < 0 ? MINUS : "+"}${text}` : text;
}

export function horizon(minutes: number): string {
  if (minutes === 0) return "at once";
  if (minutes % 1440 === 0) return `${minutes / 1440} d`;
  if (minutes % 60 === 0) return `${minutes / 60} h`;
  return `${minutes} min`;
}

/** 3 posts, 1 post. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}
