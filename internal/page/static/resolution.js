// The resolution of the browser's clock: 1 ms in Firefox, 0.1 ms or less elsewhere.

const steps = 5; // of the clock, to be seen
const maxReads = 1e6; // so that a clock that stands still ends the measurement

// measureResolution returns the smallest step of a clock, in its unit, or 1 if it does not move.
export function measureResolution(now) {
  let smallest = Infinity;
  let last = now();
  for (let reads = 0, seen = 0; seen < steps && reads < maxReads; reads++) {
    const next = now();
    if (next <= last) continue;
    smallest = Math.min(smallest, next - last);
    last = next;
    seen++;
  }
  if (smallest === Infinity) return 1;
  return 10 ** Math.round(Math.log10(smallest)); // Firefox adds some noise
}
