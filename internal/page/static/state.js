// What is shown of the connection's state: phase, facts, greeting, and the ones that ended.
import { byId, clock, clockTime, element, setText } from "./dom.js";
import { closeMeaning, closeName } from "./codes.js";
import { formatSeconds } from "./stats.js";

const remembered = 50;
const phases = { off: "Not connected", connecting: "Connecting", open: "Connected", closing: "Closing", waiting: "Waiting" };
const buttons = { off: "Connect", connecting: "Stop", open: "Disconnect", closing: "Closing", waiting: "Connect now" };

let current; // the connection
let openedAt = 0;
let closedAt = 0;
let pod = "";
let ended = "";

// say puts a sentence into the live region. The countdown beside it is not live.
const say = (text) => setText(byId("status"), text);

// showState shows a phase of the connection.
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
    ? "Connected without controls, because with them it failed: this server has CONTROLS=false or refuses one of them, a proxy refuses the query, or the browser does not take the subprotocol." : "");
  if (phase === "open") {
    openedAt = clock.now();
    setText(byId("fact-protocol"), connection.protocol || "none");
    setText(byId("fact-extensions"), connection.extensions || "none");
    say(`Connected${closedAt ? `, ${away()} after the last connection ended` : ""}.`);
  } else if (phase === "connecting" && !ended) {
    say("Connecting.");
  } else if (phase === "off" || phase === "waiting") {
    say(`${ended}${phase === "waiting" ? " Connecting again." : ""}`);
  }
  if (phase !== "open") openedAt = 0;
  tick();
}

const away = () => formatSeconds((clock.now() - closedAt) / 1000);

// showGreeting shows what greet=1 told.
export function showGreeting(greeting) {
  setText(byId("fact-pod"), greeting.pod);
  say(`Connected to ${greeting.pod}${pod && pod !== greeting.pod ? `, before it was ${pod}` : ""}${closedAt ? `, ${away()} after the last connection ended` : ""}.`);
  pod = greeting.pod;
  byId("seen-empty").hidden = true;
  byId("seen").hidden = false;
  byId("seen-facts").replaceChildren(...["pod", "node", "namespace", "version", "remote"].filter((name) => greeting[name])
    .map((name) => element("div", {}, element("dt", {}, name), element("dd", {}, greeting[name]))));
  setText(byId("seen-head"), [greeting.request, ...greeting.headers.map(({ name, value }) => `${name}: ${value}`)].join("\n"));
}

// showEnd adds a connection that has ended, or never was.
export function showEnd({ opened, closed, code, reason, clean }) {
  const held = opened ? formatSeconds((closed - opened) / 1000) : "";
  const name = `${code} ${closeName(code)}`;
  const quoted = reason && ` “${reason}”`;
  ended = opened ? `Closed with ${name}${quoted}${closeMeaning(code) && `: ${closeMeaning(code)}`}.`
    : "Could not connect: the server is not there, or it, or a proxy, refused the upgrade. Browsers do not say which.";
  if (opened) closedAt = closed;
  const list = byId("history");
  const previous = list.firstElementChild;
  if (!opened && previous?.dataset.failed) { // of failures in a row, a count
    previous.dataset.failed = Number(previous.dataset.failed) + 1;
    setText(previous.lastElementChild, `not opened, ${previous.dataset.failed} times in a row`);
    return;
  }
  const line = element("li", {}, element("time", {}, clockTime()), " ",
    element("span", { className: "mono" }, opened ? pod : ""), " ",
    element("span", { className: opened && clean ? "" : "bad" }, opened ? `${name}${quoted}, held ${held}` : "not opened"));
  if (!opened) line.dataset.failed = 1;
  list.prepend(line);
  while (list.children.length > remembered) list.lastElementChild.remove();
  byId("history-empty").hidden = true;
}

// tick shows what changes with time alone.
function tick() {
  setText(byId("fact-open"), openedAt ? formatSeconds(Math.floor((clock.now() - openedAt) / 1000)) : "–");
  const left = current?.phase === "waiting" ? Math.max(0, current.retryAt - clock.now()) / 1000 : 0;
  setText(byId("countdown"), left ? `again in ${left.toFixed(1)} s` : "");
}
setInterval(tick, 200);
