// The list of messages, newest first. It is bounded, and drawn some ten times a second at
// most, so that a flood costs no more than a trickle.
import { byId, clockTime, drawSoon, element, setText } from "./dom.js";
import { formatSize, kindOf, preview } from "./payload.js";
import { formatMs } from "./stats.js";

const shown = 200;
const words = { order: "out of order", stray: "not an echo", push: "push", greeting: "greeting" };

let waiting = [];
let sent = 0;
let received = 0;

const draw = drawSoon(() => {
  setText(byId("frames-count"), `${sent.toLocaleString("en")} sent, ${received.toLocaleString("en")} received`);
  if (byId("hold").checked || !waiting.length) return;
  const list = byId("frames");
  list.prepend(...waiting.map(row).reverse());
  waiting = [];
  while (list.children.length > shown) list.lastElementChild.remove();
  byId("frames-empty").hidden = true;
});

function row({ time, way, payload, kind, size, judged }) {
  const verdict = judged?.verdict;
  const result = element("span", { className: "result" });
  if (judged?.rtt !== undefined) result.append(element("span", { className: "rtt" }, formatMs(judged.rtt)), " ");
  if (verdict) result.append(element("span", { className: `verdict ${verdict}` }, words[verdict] ?? verdict));
  const line = element("li", { className: way },
    element("time", {}, time), " ",
    element("span", { className: "way" }, way), " ",
    element("span", { className: "kind" }, kind), " ",
    element("span", { className: "size" }, formatSize(size)), " ",
    element("span", { className: "payload" }, payload), " ",
    result);
  if (judged?.note) line.append(" ", element("span", { className: "note" }, judged.note));
  return line;
}

// addFrame shows a message: way is "sent" or "received", judged the ledger's verdict.
export function addFrame(way, payload, size, judged) {
  if (way === "sent") sent++;
  else received++;
  waiting.push({ time: clockTime(), way, kind: kindOf(payload), payload: preview(payload), size, judged });
  if (waiting.length > shown) waiting = waiting.slice(-shown);
  draw();
}

// startFrames makes the list's own controls work.
export function startFrames() {
  byId("hold").onchange = draw;
  byId("clear").onclick = () => {
    waiting = [];
    sent = received = 0;
    byId("frames").replaceChildren();
    byId("frames-empty").hidden = false;
    draw();
  };
}
