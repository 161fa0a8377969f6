// A worker that has the page's WebSocket. Times are taken here, where no drawing of the
// page holds up a message. remotesocket.js has the other side.
"use strict";

const sockets = new Map();
const now = () => performance.timeOrigin + performance.now(); // the page's clock, too

const does = {
  open({ id, url, protocols }) {
    const ws = new WebSocket(url, protocols);
    ws.binaryType = "arraybuffer";
    sockets.set(id, ws);
    ws.onopen = () => postMessage({ id, type: "open", at: now(), protocol: ws.protocol, extensions: ws.extensions });
    ws.onmessage = ({ data }) => postMessage({ id, type: "message", at: now(), data }, typeof data === "string" ? [] : [data]);
    ws.onclose = ({ code, reason, wasClean }) => {
      sockets.delete(id);
      postMessage({ id, type: "close", at: now(), code, reason, wasClean });
    };
  },
  send({ id, data }) {
    if (sockets.get(id)?.readyState !== WebSocket.OPEN) return; // its end is on the way to the page
    const at = now();
    sockets.get(id).send(data);
    postMessage({ id, type: "sent", at });
  },
  close({ id, code, reason }) {
    sockets.get(id)?.close(code, reason);
  },
};

onmessage = ({ data }) => does[data.type](data);
