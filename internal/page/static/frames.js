// The list of messages, newest first. It is bounded, and drawn about ten times a second at most,
// so that the cost of a flood is bounded. A row that is in view does not move.
import { byId, clock, clockTime, element, setText, throttle } from "./dom.js";
import { matches, maxMessages, MessageLog } from "./messagelog.js";
import { formatSize } from "./payload.js";
import { formatMs } from "./stats.js";
import { showMessage } from "./viewer.js";

// verdictWords are the verdicts as the page shows them, where they are not words already.
export const verdictWords = { order: "out of order", stray: "not an echo" };

const log = new MessageLog();
const records = new WeakMap(); // of the list's items
let waiting = []; // not drawn yet

const filter = () => ({ text: byId("filter").value.trim(), show: byId("show").value });

const draw = throttle(() => {
  setText(byId("frames-count"), `${log.sent.toLocaleString("en")} sent, ${log.received.toLocaleString("en")} received`);
  if (byId("hold").checked || !waiting.length) return;
  const wanted = filter();
  const rows = waiting.filter((record) => matches(record, wanted)).slice(-maxMessages).map(row).reverse();
  waiting = [];
  if (rows.length) keepView((list) => list.prepend(...rows));
  showEmpty();
});

// redraw draws the whole list: the filter has changed.
function redraw() {
  const wanted = filter();
  waiting = [];
  byId("frames").replaceChildren(...log.records.filter((record) => matches(record, wanted)).map(row).reverse());
  makeReachable();
  showEmpty();
}

function showEmpty() {
  const { text, show } = filter();
  setText(byId("frames-empty"), log.records.length && (text || show !== "all") ? "No message matches the filter." : `No messages yet. The last ${maxMessages.toLocaleString("en")} appear here, newest first.`);
  byId("frames-empty").hidden = byId("frames").children.length > 0;
}

// keepView changes the list. Unless its newest row is in view, what is in view stays where it is;
// rows are removed only after it. Safari has no scroll anchoring that would do this.
function keepView(change) {
  const scroller = byId("frames-scroll");
  const list = byId("frames");
  const top = scroller.scrollTop;
  const inView = top < 4 ? undefined : [...list.children].find((item) => item.offsetTop + item.offsetHeight > top);
  const before = inView?.offsetTop;
  change(list);
  let last = -1;
  if (inView) {
    scroller.scrollTop = top + inView.offsetTop - before;
    const bottom = scroller.scrollTop + scroller.clientHeight;
    last = [...list.children].findLastIndex((item) => item.offsetTop < bottom);
  }
  const most = Math.min(3 * maxMessages, Math.max(maxMessages, last + 1));
  while (list.children.length > most) list.lastElementChild.remove();
  makeReachable();
}

// makeReachable makes the tab key stop at one row only, the newest or the one with the focus.
// The arrow keys move to the others.
function makeReachable() {
  const list = byId("frames");
  if (list.contains(document.activeElement)) return;
  list.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
  list.querySelector("button")?.setAttribute("tabindex", "0");
}

function row(record) {
  const { time, direction, preview, kind, size, judged } = record;
  const verdict = judged?.verdict;
  const result = element("span", { className: "result" });
  if (judged?.rtt !== undefined) result.append(element("span", { className: "rtt" }, formatMs(judged.rtt, clock.resolution)), " ");
  if (verdict) result.append(element("span", { className: `verdict ${verdict}` }, verdictWords[verdict] ?? verdict));
  const open = element("button", { type: "button", tabIndex: -1, className: direction },
    element("span", { className: "direction" }, direction), " ",
    element("span", { className: "kind" }, kind), " ",
    element("span", { className: "size" }, formatSize(size)), " ",
    element("bdi", { className: "payload" }, preview), " ",
    result, " ",
    element("time", {}, time));
  if (judged?.note) open.append(" ", element("span", { className: "note" }, judged.note));
  const item = element("li", {}, open);
  records.set(item, record);
  return item;
}

// addFrame shows a message. direction is "sent" or "received", judged the ledger's verdict.
export function addFrame(direction, payload, judged) {
  waiting.push(log.add({ time: clockTime(), direction, payload, judged }));
  if (waiting.length > maxMessages) waiting = waiting.slice(-maxMessages);
  draw();
}

const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

function moveFocus(event) {
  const step = steps[event.key];
  if (!step || event.target.tagName !== "BUTTON") return;
  event.preventDefault();
  const items = [...byId("frames").children];
  const at = items.indexOf(event.target.parentElement);
  const to = items[Math.max(0, Math.min(items.length - 1, at + step))].firstElementChild;
  event.target.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

// startFrames attaches the list's controls.
export function startFrames() {
  byId("hold").onchange = draw;
  byId("filter").oninput = redraw;
  byId("show").onchange = redraw;
  byId("frames").onkeydown = moveFocus;
  byId("frames").onclick = ({ target }) => {
    const item = target.closest("li");
    if (item) showMessage(records.get(item));
  };
  byId("clear").onclick = () => {
    log.clear();
    redraw();
    draw();
  };
  showEmpty();
}
