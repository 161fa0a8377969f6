// The state of the connection: its phase, facts, greeting, and the connections that ended.
import { byId, clock, clockTime, element, setText } from "./dom.js";
import { closeMeaning, closeName } from "./codes.js";
import { formatSeconds } from "./stats.js";

const maxHistory = 50;
const phases = { off: "Not connected", connecting: "Connecting", open: "Connected", closing: "Closing", waiting: "Waiting" };
const buttons = { off: "Connect", connecting: "Stop", open: "Disconnect", closing: "Closing", waiting: "Connect now" };

let current; // the connection
let openedAt = 0;
let closedAt = 0;
let pod = "";
let ended = "";

// announce shows a sentence in the live region. The countdown beside it is not live.
const announce = (text) => setText(byId("status"), text);

// showState shows the phase and facts of the connection.
export function showState(connection) {
  current = connection;
  const { phase } = connection;
  const badge = byId("phase");
  badge.dataset.phase = phase;
  setText(badge, phases[phase]);
  setText(byId("toggle"), buttons[phase]);
  byId("toggle").disabled = phase === "closing";
  setText(byId("fact-url"), connection.url);
  const notice = byId("notice");
  notice.hidden = !connection.controlsRefused;
  setText(notice, connection.controlsRefused
    ? "Connected without controls, because with them it failed: the server has CONTROLS=false or refuses one, a proxy rejects the query, or the browser the subprotocol." : "");
  if (phase === "open") {
    openedAt = clock.now();
    setText(byId("fact-protocol"), connection.protocol || "none");
    setText(byId("fact-extensions"), connection.extensions || "none");
    announce(`Connected${closedAt ? `, ${downtime()} after the last connection ended` : ""}.`);
  } else if (phase === "connecting" && !ended) {
    announce("Connecting.");
  } else if (phase === "off" || phase === "waiting") {
    announce(`${ended}${phase === "waiting" ? " Reconnecting." : ""}`);
  }
  if (phase !== "open") openedAt = 0;
  tick();
}

const downtime = () => formatSeconds((clock.now() - closedAt) / 1000);

// showGreeting shows the answer to greet=1.
export function showGreeting(greeting) {
  setText(byId("fact-pod"), greeting.pod);
  announce(`Connected to ${greeting.pod}${pod && pod !== greeting.pod ? `, previously ${pod}` : ""}${closedAt ? `, ${downtime()} after the last connection ended` : ""}.`);
  pod = greeting.pod;
  byId("seen-empty").hidden = true;
  byId("seen").hidden = false;
  byId("seen-facts").replaceChildren(...["pod", "node", "namespace", "version", "remote"].filter((name) => greeting[name])
    .map((name) => element("div", {}, element("dt", {}, name), element("dd", {}, greeting[name]))));
  setText(byId("seen-head"), [greeting.request, ...greeting.headers.map(({ name, value }) => `${name}: ${value}`)].join("\n"));
}

// showEnd adds a connection that has ended, or an attempt that failed, to the history.
export function showEnd({ opened, closed, code, reason, clean }) {
  const duration = opened ? formatSeconds((closed - opened) / 1000) : "";
  const name = `${code} ${closeName(code)}`;
  const quoted = reason && ` “${reason}”`;
  ended = opened ? `Closed with ${name}${quoted}${closeMeaning(code) && `: ${closeMeaning(code)}`}.`
    : "Could not connect: the server is unreachable, or the server or a proxy refused the upgrade. Browsers do not tell which.";
  if (opened) closedAt = closed;
  const list = byId("history");
  const previous = list.firstElementChild;
  if (!opened && previous?.dataset.failed) { // failures in a row are counted in one entry
    previous.dataset.failed = Number(previous.dataset.failed) + 1;
    setText(previous.lastElementChild, `did not open, ${previous.dataset.failed} times in a row`);
    return;
  }
  const line = element("li", {}, element("time", {}, clockTime()), " ",
    element("span", { className: "mono" }, opened ? pod : ""), " ",
    element("span", { className: opened && clean ? "" : "bad" }, opened ? `${name}${quoted}, open for ${duration}` : "did not open"));
  if (!opened) line.dataset.failed = 1;
  list.prepend(line);
  while (list.children.length > maxHistory) list.lastElementChild.remove();
  byId("history-empty").hidden = true;
}

// tick updates what changes with time alone.
function tick() {
  setText(byId("fact-open"), openedAt ? formatSeconds(Math.floor((clock.now() - openedAt) / 1000)) : "–");
  const left = current?.phase === "waiting" ? Math.max(0, current.retryAt - clock.now()) / 1000 : 0;
  setText(byId("countdown"), left ? `retry in ${left.toFixed(1)} s` : "");
}
setInterval(tick, 200);
