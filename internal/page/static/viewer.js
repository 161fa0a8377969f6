// The dialog that shows a whole message, or the report.
import { copy, save } from "./clipboard.js";
import { byId, clock, element, setText } from "./dom.js";
import { formatSize } from "./payload.js";
import { formatMs } from "./stats.js";
import { hexDump, indentJSON, visible } from "./visible.js";

const maxShown = 1 << 18; // characters at first; a button shows the rest

// hexWidth is how many bytes of a hex dump fit into a line.
const hexWidth = () => (innerWidth < 600 ? 8 : 16);

// show opens the dialog. views are [name, text], the first of which is shown; data is what is
// copied as text and saved under a name.
function show({ title, facts, views, data, text, name }) {
  setText(byId("viewer-title"), title);
  setText(byId("viewer-facts"), facts);
  setText(byId("viewer-copied"), "");
  const tabs = views.map(([label, view]) => {
    const tab = element("button", { type: "button" }, label);
    tab.onclick = () => {
      for (const other of byId("viewer-views").children) other.setAttribute("aria-pressed", String(other === tab));
      byId("viewer-text").className = label === "Hex" ? "scroll hex" : "scroll";
      showText(view());
    };
    return tab;
  });
  byId("viewer-views").replaceChildren(...tabs);
  byId("viewer-views").hidden = tabs.length < 2;
  tabs[0].click();
  byId("viewer-copy").onclick = async () => setText(byId("viewer-copied"), await copy(text()) ? "Copied." : "The browser does not allow copying; select the text.");
  byId("viewer-save").onclick = () => save(name, data);
  byId("viewer").showModal();
  byId("viewer-text").scrollTop = 0;
}

function showText(text) {
  setText(byId("viewer-text"), text.slice(0, maxShown));
  const more = byId("viewer-more");
  more.hidden = text.length <= maxShown;
  setText(more, `Show all ${text.length.toLocaleString("en")} characters`);
  more.onclick = () => {
    setText(byId("viewer-text"), text);
    more.hidden = true;
  };
}

// showMessage opens a message. Its payload is undefined if newer messages have taken its place.
export function showMessage({ number, time, direction, kind, size, payload, preview, judged }) {
  const verdict = judged ? [judged.verdict, judged.rtt !== undefined && formatMs(judged.rtt, clock.resolution), judged.note].filter(Boolean).join(", ") : "";
  const facts = [`${formatSize(size)}${size >= 1024 ? ` (${size.toLocaleString("en")} bytes)` : ""}`, time, verdict].filter(Boolean).join(" · ");
  const about = { title: `${direction === "sent" ? "Sent" : "Received"} ${kind}`, facts };
  const name = `message-${number}.${kind === "text" ? "txt" : "bin"}`;
  if (payload === undefined) {
    show({ ...about, facts: `${facts} · only the beginning was kept, to make room for newer messages`, views: [["Beginning", () => preview]], data: preview, text: () => preview, name });
    return;
  }
  if (typeof payload !== "string") {
    const views = [["Hex", () => hexDump(payload, hexWidth())]];
    const decoded = decode(payload);
    if (decoded) views.push(["As UTF-8", () => visible(decoded)]);
    show({ ...about, views, data: payload, text: () => hexDump(payload), name });
    return;
  }
  const views = [["Text", () => visible(payload)], ["Hex", () => hexDump(new TextEncoder().encode(payload), hexWidth())]];
  const json = indentJSON(payload);
  if (json !== undefined) views.unshift(["JSON", () => visible(json)]);
  show({ ...about, views, data: payload, text: () => payload, name });
}

// decode returns bytes as text, or "" if they are not UTF-8.
function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "";
  }
}

// showReport opens the report, and copies it.
export async function showReport(text) {
  show({ title: "Report", facts: "What this page knows about the path, for an issue. Read it before you publish it.", views: [["Text", () => visible(text)]], data: text, text: () => text, name: "echosvc-report.txt" });
  byId("viewer-copy").click();
}

// startViewer attaches the dialog's own buttons.
export function startViewer() {
  const viewer = byId("viewer");
  byId("viewer-close").onclick = () => viewer.close();
  viewer.onclick = ({ target }) => {
    if (target === viewer) viewer.close(); // the backdrop
  };
}
