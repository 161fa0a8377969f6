// The plot of round-trip times with percentiles, and the counts of verdicts.
import { byId, clock, setText, throttle } from "./dom.js";
import { formatMs, niceCeiling, percentiles, Window } from "./stats.js";
import { judgement } from "./verdict.js";

const plotted = 240; // round trips
const width = 600;
const height = 120;
const times = new Window(2000);
const tally = { identical: 0, different: 0, order: 0, stray: 0, lost: 0, push: 0 };
const format = (ms) => formatMs(ms, clock.resolution);
let awaited = () => 0;

const draw = throttle(() => {
  const [p50, p95, p99] = percentiles(times.last(), [50, 95, 99]);
  const newest = times.last(plotted);
  setText(byId("p50"), format(p50));
  setText(byId("p95"), format(p95));
  setText(byId("p99"), format(p99));
  setText(byId("rtt-last"), format(newest.at(-1) ?? NaN));
  byId("rtt-empty").hidden = newest.length > 0;
  const top = Math.max(niceCeiling(Math.max(...newest)), clock.resolution);
  const step = width / (plotted - 1);
  const points = newest.map((ms, i) => `${(width - (newest.length - 1 - i) * step).toFixed(1)},${(height - (ms / top) * (height - 4)).toFixed(1)}`);
  byId("rtt-line").setAttribute("points", points.length === 1 ? `${width - 2},${points[0].split(",")[1]} ${points[0]}` : points.join(" "));
  byId("rtt-area").setAttribute("points", points.length ? `${points[0].split(",")[0]},${height} ${points.join(" ")} ${width},${height}` : "");
  setText(byId("rtt-top"), newest.length ? format(top).replace(/\.0+ /, " ") : "");

  for (const [name, count] of Object.entries(tally)) setText(byId(`count-${name}`), count.toLocaleString("en"));
  setText(byId("count-awaited"), awaited().toLocaleString("en"));
  const { text, level } = judgement(tally);
  byId("faithful").className = level;
  setText(byId("faithful"), text);
});

// countVerdict counts a verdict of the ledger.
export function countVerdict({ verdict, rtt }) {
  if (verdict in tally) tally[verdict]++;
  if (rtt !== undefined) times.add(rtt);
  draw();
}

// countLost counts echoes that can no longer arrive, because their connection has ended.
export function countLost(count) {
  tally.lost += count;
  draw();
}

export const drawEchoes = draw;

// echoesNow returns the panel's contents for the report.
export function echoesNow() {
  const all = times.last();
  const [p50, p95, p99] = percentiles(all, [50, 95, 99]).map(format);
  return {
    verdict: judgement(tally).text,
    counts: Object.entries({ ...tally, awaited: awaited() }),
    roundTrip: all.length ? `last ${all.length} echoes: p50 ${p50}, p95 ${p95}, p99 ${p99}; the clock has steps of ${clock.resolution} ms` : "no echo yet",
  };
}

// startEchoes attaches the panel. countAwaited returns how many messages have no echo yet.
export function startEchoes(countAwaited) {
  awaited = countAwaited;
  byId("rtt-clear").onclick = () => {
    times.clear();
    for (const name of Object.keys(tally)) tally[name] = 0;
    draw();
  };
  draw();
}
