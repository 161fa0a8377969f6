// Statistics of round-trip times over a bounded window, and formats for them.

// A Window keeps the last size numbers that were added.
export class Window {
  #values = [];
  #next = 0;

  constructor(size) {
    this.size = size;
    this.count = 0; // ever added
  }

  add(value) {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.size;
    this.count++;
  }

  // last returns the newest n values, oldest first.
  last(n = this.size) {
    const ordered = this.count > this.size
      ? [...this.#values.slice(this.#next), ...this.#values.slice(0, this.#next)]
      : this.#values;
    return ordered.slice(-n);
  }

  clear() {
    this.#values = [];
    this.#next = this.count = 0;
  }
}

// percentiles returns, for each of ps (in percent), the smallest value that is at least as large
// as that share of the values: the nearest rank. Without values it is NaN.
export function percentiles(values, ps) {
  const sorted = [...values].sort((a, b) => a - b);
  return ps.map((p) => sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? NaN);
}

// niceCeiling returns the next 1, 2 or 5 times a power of ten, for the top of an axis.
export function niceCeiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999999);
}

// formatMs formats milliseconds with three significant digits, but none that a clock of this
// resolution, in ms, cannot give.
export function formatMs(ms, resolution) {
  if (Number.isNaN(ms)) return "–";
  if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < resolution / 2) return `< ${resolution} ms`;
  const decimals = Math.max(0, Math.round(-Math.log10(resolution)));
  return `${ms.toFixed(Math.min(decimals, ms < 10 ? 2 : ms < 100 ? 1 : 0))} ms`;
}

// formatSeconds formats a time for people: "40 ms", "4.9 s", "3 min 20 s".
export function formatSeconds(seconds) {
  if (seconds > 0 && seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours) return `${hours} h ${minutes} min`;
  return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
}
