// The forms that send: text, hex, a file, and generated payloads.
import { byId, clock, setText } from "./dom.js";
import { Generator } from "./generator.js";
import { formatSize, parseHex } from "./payload.js";

const largest = 64 << 20; // of a generated payload, in bytes
const mostAwaited = 1000; // generated messages
const mostBytes = 8 << 20; // ... and their bytes, beside the one that is largest

// startSending makes the forms work. send sends a payload; awaited has how many messages
// and bytes are out. refresh, which it returns, is to be called when the phase has changed.
export function startSending({ connection, send, awaited }) {
  const fail = (text) => setText(byId("send-error"), text);
  const generator = new Generator({
    ...clock,
    room: (size) => connection.phase === "open" && awaited().awaited < mostAwaited && (awaited().bytes + size <= mostBytes || !awaited().awaited),
    send,
  });

  const onSubmit = (id, make) => byId(id).onsubmit = async (event) => {
    event.preventDefault();
    fail("");
    try {
      const payload = await make();
      if (connection.phase !== "open") throw new Error("There is no open connection to send on.");
      send(payload);
    } catch (error) {
      fail(error.message);
    }
  };
  onSubmit("send-text", () => byId("text").value);
  onSubmit("send-hex", () => parseHex(byId("hex").value));
  onSubmit("send-file", async () => {
    const [file] = byId("file").files;
    if (!file) throw new Error("Choose a file first.");
    return new Uint8Array(await file.arrayBuffer());
  });
  byId("text").onkeydown = (event) => { // Enter sends, Shift+Enter is a new line
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    byId("send-text").requestSubmit();
  };

  byId("generate").onsubmit = (event) => {
    event.preventDefault();
    fail("");
    const size = Number(byId("size").value) * Number(byId("unit").value);
    if (generator.running) generator.stop();
    else if (size > largest) fail(`${formatSize(size)} is too much for a generated payload; this page makes up to ${formatSize(largest)}.`);
    else generator.start({ kind: byId("kind").value, size: Math.round(size), rate: Number(byId("rate").value) });
    setText(byId("generate-toggle"), generator.running ? "Stop" : "Start");
  };

  return {
    refresh() {
      for (const id of ["send-text", "send-hex", "send-file"]) byId(id).querySelector("button").disabled = connection.phase !== "open";
    },
  };
}
