/** A line the size of a word. It only repeats what stands beside it, so screen readers do not hear of it. */
export function Spark({ values, tone, width = 64, height = 20 }: { values: readonly (number | null)[]; tone: string; width?: number; height?: number }) {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return <svg class="spark" width={width} height={height} aria-hidden="true" />;
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const scale = most > least ? (height - 3) / (most - least) : 0;
  const points = values.flatMap((value, at) =>
    value === null ? [] : [`${((at / (values.length - 1)) * (width - 2) + 1).toFixed(1)},${(height - 1.5 - (value - least) * scale).toFixed(1)}`],
  );
  return (
    <svg class={`spark ${tone}`} width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <polyline points={points.join(" ")} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round" />
    </svg>
  );
}
