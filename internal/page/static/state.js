// The state of the connection: its phase, its facts, and the request as the server saw it. All of
// it belongs to the connection that is open.
import { byId, clock, element, setText } from "./dom.js";
import { ending, sentence } from "./ends.js";
import { formatSeconds } from "./stats.js";

const phases = { off: "Not connected", connecting: "Connecting", open: "Connected", closing: "Closing", waiting: "Waiting" };
const buttons = { off: "Connect", connecting: "Stop", open: "Disconnect", closing: "Stop waiting", waiting: "Connect now" };

let current; // the connection
let openedAt = 0;
let cutAt = 0; // when the peer or the path ended the last connection
let cutHow = "";
let lastPod = "";
let ended = "";
let greeting; // of the open connection

// announce shows a sentence in the live region. The countdown beside it is not live.
const announce = (text) => setText(byId("status"), text);

// podNow returns the name of the pod of the open connection, or "".
export const podNow = () => greeting?.pod ?? "";

// showState shows the phase and facts of the connection.
export function showState(connection) {
  current = connection;
  const { phase } = connection;
  const badge = byId("phase");
  badge.dataset.phase = phase;
  setText(badge, phases[phase]);
  setText(byId("toggle"), buttons[phase]);
  setText(byId("fact-url"), connection.url);
  if (phase === "connecting") forget();
  if (phase === "open") {
    openedAt = clock.now();
    setText(byId("fact-protocol"), connection.protocol || "none");
    setText(byId("fact-extensions"), connection.extensions || "none");
    setText(byId("seen-empty"), "The server sent no greeting: it does not support the control greet=1, or controls are disabled.");
    announce(`Connected${away()}.`);
  } else if (phase === "connecting" && !ended) {
    announce("Connecting.");
  } else if (phase === "off" || phase === "waiting") {
    forget();
    announce(`${ended}${phase === "waiting" ? " Reconnecting." : ""}`);
  }
  tick();
}

// forget clears the facts of a connection that has ended.
function forget() {
  openedAt = 0;
  greeting = undefined;
  for (const id of ["fact-pod", "fact-protocol", "fact-extensions"]) setText(byId(id), "–");
  byId("seen").hidden = true;
  byId("seen-empty").hidden = false;
  setText(byId("seen-empty"), "No connection is open.");
}

const away = () => (cutAt ? `, ${formatSeconds((clock.now() - cutAt) / 1000)} after the last connection ${cutHow}` : "");

// showGreeting shows the answer to greet=1.
export function showGreeting(received) {
  greeting = received;
  const { pod } = greeting;
  setText(byId("fact-pod"), pod);
  announce(`Connected to ${pod}${lastPod && lastPod !== pod ? `, previously ${lastPod}` : ""}${away()}.`);
  lastPod = pod;
  byId("seen-empty").hidden = true;
  byId("seen").hidden = false;
  byId("seen-facts").replaceChildren(...serverFacts().map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  setText(byId("seen-head"), head());
}

// serverFacts returns the greeting's facts about the server and the client, as [name, value].
export const serverFacts = () => ["pod", "node", "namespace", "version", "remote", "client"].filter((name) => greeting?.[name]).map((name) => [name, greeting[name]]);

// head returns the request head as the server saw it, or "".
export const head = () => (greeting ? [greeting.request, ...greeting.headers.map(({ name, value }) => `${name}: ${value}`)].join("\n") : "");

// noteEnd keeps how a connection ended for the next announcement.
export function noteEnd(end) {
  ended = sentence(end);
  if (!end.opened) return;
  cutAt = end.why ? 0 : end.closed;
  cutHow = ending(end);
}

// tick updates what changes with time alone.
function tick() {
  setText(byId("fact-open"), openedAt ? formatSeconds(Math.floor((clock.now() - openedAt) / 1000)) : "–");
  const left = current?.phase === "waiting" ? Math.max(0, current.retryAt - clock.now()) / 1000 : 0;
  setText(byId("countdown"), left ? `retry in ${left.toFixed(1)} s` : "");
}
setInterval(tick, 200);
