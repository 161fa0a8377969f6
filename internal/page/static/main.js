// The page: one connection, and the parts that show it.
import { byId, clock, setText } from "./dom.js";
import { Connection } from "./connection.js";
import { onWorkerFailure, RemoteSocket } from "./remotesocket.js";
import { Ledger } from "./ledger.js";
import { addFrame, startFrames } from "./frames.js";
import { countLost, countVerdict, drawEchoes, echoesNow, startEchoes } from "./rtt.js";
import { byteLength } from "./payload.js";
import { head, noteEnd, podNow, serverFacts, showGreeting, showState } from "./state.js";
import { addEnd, ends } from "./history.js";
import { hideWhy, showWhy, whyNow } from "./why.js";
import { startControls } from "./controlsform.js";
import { showOutcome } from "./scenarioform.js";
import { expectEcho, loseEchoes, showEcho } from "./echo.js";
import { startSending } from "./send.js";
import { idleNow, startIdle } from "./idleform.js";
import { report } from "./report.js";
import { showReport, startViewer } from "./viewer.js";

const open = (url, protocols) => new RemoteSocket(url, protocols);
// 128 random bits. crypto.randomUUID exists only over https and on localhost.
const newID = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
let ledger = new Ledger();
let controlsFailed = Promise.resolve({}); // why the last attempt with controls failed

const connection = new Connection({
  ...clock,
  open,
  newID,
  onState(connection) {
    if (connection.phase === "open") {
      const query = new URL(connection.url).searchParams;
      ledger = new Ledger({ greet: query.has("greet"), every: query.has("every") });
      hideWhy();
    }
    showState(connection);
    showNotice(connection);
    showOutcome();
    sending.refresh();
  },
  onSent: (at) => ledger.markSent(at),
  onMessage(payload, at) {
    const judged = ledger.receive(payload, at);
    addFrame("received", payload, judged);
    countVerdict(judged);
    if (judged.greeting) {
      showGreeting(judged.greeting);
      showOutcome();
    }
    if (judged.watched) showEcho(payload, judged);
  },
  onEnd(end) {
    countLost(ledger.awaited);
    loseEchoes();
    ledger = new Ledger();
    addEnd(end, end.opened ? podNow() : "");
    noteEnd(end);
    if (end.opened || end.why === "replaced" || end.why === "requested") return;
    const why = showWhy(end, current.refuses);
    why.then(showOutcome);
    if (!end.plain) controlsFailed = why;
  },
});

// showNotice shows that a connection is open without the controls of the form, and why.
async function showNotice(connection) {
  byId("notice").hidden = !connection.controlsRefused;
  if (!connection.controlsRefused) return;
  const { title, quote } = await controlsFailed;
  setText(byId("notice"), `Connected without controls, because the upgrade with them failed. ${[title, quote].filter(Boolean).join(": ")}`);
}

// send sends a payload and records that its echo is due.
function send(payload, watched) {
  ledger.send(payload, byteLength(payload), watched);
  connection.send(payload);
  addFrame("sent", payload);
  if (watched) expectEcho();
  drawEchoes();
}

let current = {}; // target

// connect opens a connection to a target. Echoes that are still due count as lost.
function connect(target) {
  if (!target.url) return; // the form shows the error
  current = target;
  hideWhy();
  connection.connect(target);
}

function showTheReport() {
  const facts = [
    ["time", new Date().toISOString()], ["page", location.href.split("#")[0]], ["URL", connection.url], ["path", current.url && new URL(current.url).pathname],
    ["state", `${connection.phase}${byId("notice").hidden ? "" : ", without controls"}`], ["subprotocol", connection.protocol], ["extensions", connection.extensions],
    ...serverFacts(), ["browser", navigator.userAgent],
  ];
  showReport(report({ facts, why: whyNow(), ...echoesNow(), idle: idleNow(), ends: ends.slice(-10).reverse(), head: head() }));
}

startFrames();
startViewer();
startEchoes(() => ledger.awaited);
const sending = startSending({ connection, send, awaited: () => ledger });
const target = startControls(connect);
startIdle(open);
onWorkerFailure(() => byId("no-worker").hidden = false);

byId("reconnects").onchange = ({ target }) => {
  connection.reconnects = target.checked;
  if (!target.checked && connection.phase === "waiting") connection.disconnect();
};
byId("toggle").onclick = () => {
  if (connection.phase === "off") connect(target());
  else if (connection.phase === "waiting") connection.retryNow();
  else connection.disconnect();
};
byId("report").onclick = showTheReport;
connect(target());
if (!current.url) setText(byId("status"), "Not connected: the form, filled in from this page's address, has an error.");
byId("no-script").remove();
