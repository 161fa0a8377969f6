// The plot of round-trip times with percentiles, and the counts of verdicts.
import { byId, setText, throttle } from "./dom.js";
import { formatMs, niceCeiling, percentiles, Window } from "./stats.js";

const plotted = 240; // round trips
const width = 600;
const height = 120;
const times = new Window(2000);
const tally = { identical: 0, different: 0, order: 0, stray: 0, lost: 0, push: 0 };
let awaited = () => 0;

const draw = throttle(() => {
  const [p50, p95, p99] = percentiles(times.last(), [50, 95, 99]);
  const newest = times.last(plotted);
  setText(byId("p50"), formatMs(p50));
  setText(byId("p95"), formatMs(p95));
  setText(byId("p99"), formatMs(p99));
  setText(byId("rtt-last"), formatMs(newest.at(-1) ?? NaN));
  byId("rtt-empty").hidden = newest.length > 0;
  const top = niceCeiling(Math.max(...newest));
  const step = width / (plotted - 1);
  const points = newest.map((ms, i) => `${(width - (newest.length - 1 - i) * step).toFixed(1)},${(height - (ms / top) * (height - 4)).toFixed(1)}`);
  byId("rtt-line").setAttribute("points", points.length === 1 ? `${width - 2},${points[0].split(",")[1]} ${points[0]}` : points.join(" "));
  byId("rtt-area").setAttribute("points", points.length ? `${points[0].split(",")[0]},${height} ${points.join(" ")} ${width},${height}` : "");
  setText(byId("rtt-top"), newest.length ? formatMs(top).replace(/\.0+ /, " ") : "");

  const broken = tally.different + tally.order + tally.stray + tally.lost;
  for (const [name, count] of Object.entries(tally)) setText(byId(`count-${name}`), count.toLocaleString("en"));
  setText(byId("count-awaited"), awaited().toLocaleString("en"));
  const verdict = byId("faithful");
  verdict.className = broken ? "bad" : tally.identical ? "good" : "";
  setText(verdict, broken ? "Not every message was echoed correctly" : tally.identical ? "Every echo identical, byte for byte, in order" : "No echo yet");
});

// countVerdict counts a verdict of the ledger.
export function countVerdict({ verdict, rtt }) {
  if (verdict in tally) tally[verdict]++;
  if (rtt !== undefined) times.add(rtt);
  draw();
}

// countLost counts echoes that can no longer arrive.
export function countLost(count) {
  tally.lost += count;
  draw();
}

export const drawEchoes = draw;

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
