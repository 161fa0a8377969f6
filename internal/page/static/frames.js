// The list of messages, newest first. It is bounded, and drawn about ten times a second at most,
// so that a flood costs no more than a trickle.
import { byId, clockTime, element, setText, throttle } from "./dom.js";
import { formatSize, kindOf, preview } from "./payload.js";
import { formatMs } from "./stats.js";

const maxShown = 200;
const words = { order: "out of order", stray: "not an echo", push: "push", greeting: "greeting" };

let waiting = [];
let sent = 0;
let received = 0;

const draw = throttle(() => {
  setText(byId("frames-count"), `${sent.toLocaleString("en")} sent, ${received.toLocaleString("en")} received`);
  if (byId("hold").checked || !waiting.length) return;
  const list = byId("frames");
  list.prepend(...waiting.map(row).reverse());
  waiting = [];
  while (list.children.length > maxShown) list.lastElementChild.remove();
  byId("frames-empty").hidden = true;
});

function row({ time, direction, payload, kind, size, judged }) {
  const verdict = judged?.verdict;
  const result = element("span", { className: "result" });
  if (judged?.rtt !== undefined) result.append(element("span", { className: "rtt" }, formatMs(judged.rtt)), " ");
  if (verdict) result.append(element("span", { className: `verdict ${verdict}` }, words[verdict] ?? verdict));
  const line = element("li", { className: direction },
    element("time", {}, time), " ",
    element("span", { className: "direction" }, direction), " ",
    element("span", { className: "kind" }, kind), " ",
    element("span", { className: "size" }, formatSize(size)), " ",
    element("span", { className: "payload" }, payload), " ",
    result);
  if (judged?.note) line.append(" ", element("span", { className: "note" }, judged.note));
  return line;
}

// addFrame shows a message. direction is "sent" or "received", judged the ledger's verdict.
export function addFrame(direction, payload, size, judged) {
  if (direction === "sent") sent++;
  else received++;
  waiting.push({ time: clockTime(), direction, kind: kindOf(payload), payload: preview(payload), size, judged });
  if (waiting.length > maxShown) waiting = waiting.slice(-maxShown);
  draw();
}

// startFrames attaches the list's controls.
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
