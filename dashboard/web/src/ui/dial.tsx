/** A half circle from negative to positive with a hand. `label` says the same in words; without it, it stands beside. */
const CENTRE = { x: 60, y: 58 };
const RADIUS = 48;

function at(value: number, radius: number): { x: number; y: number } {
  const angle = Math.PI * (1 - (value + 1) / 2);
  return { x: CENTRE.x + radius * Math.cos(angle), y: CENTRE.y - radius * Math.sin(angle) };
}

function arc(from: number, to: number): string {
  const [start, end] = [at(from, RADIUS), at(to, RADIUS)];
  return `M${start.x.toFixed(1)} ${start.y.toFixed(1)}A${RADIUS} ${RADIUS} 0 0 1 ${end.x.toFixed(1)} ${end.y.toFixed(1)}`;
}

/** `quiet`: what it shows only stands in for something else. */
export function Dial({ value, label, small = false, quiet = false }: { value: number | null; label?: string; small?: boolean; quiet?: boolean }) {
  const hand = at(value ?? 0, RADIUS - 10);
  return (
    <svg class={`dial ${small ? "small" : ""} ${quiet ? "quiet" : ""}`} viewBox="0 0 120 66" {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}>
      <path class="dial-down" d={arc(-1, -0.36)} />
      <path class="dial-flat" d={arc(-0.3, 0.3)} />
      <path class="dial-up" d={arc(0.36, 1)} />
      {value !== null && <line class="dial-hand" x1={CENTRE.x} y1={CENTRE.y} x2={hand.x} y2={hand.y} />}
      <circle class="dial-hub" cx={CENTRE.x} cy={CENTRE.y} r="4" />
    </svg>
  );
}
