import assert from "node:assert/strict";
import test from "node:test";
import { explain } from "./diagnosis.js";

const attempt = { url: "ws://h/x?_page=0123456789abcdef", origin: "http://h", asked: "" };
const refused = (status, reason) => ({ kind: "refused", status, reason, text: "what the server said", pod: "p" });

for (const [found, change, title, ...rest] of [
  [refused(400, "upgrade"), {}, /removed “Upgrade: websocket”/, /p answered the upgrade with 400/, /proxy_set_header Upgrade/],
  [refused(400, "connection"), {}, /removed “Connection: Upgrade”/, /proxy_set_header Connection/],
  [refused(400, "http_version"), {}, /HTTP\/1\.0/, /proxy_http_version 1\.1/],
  [refused(403, "origin"), {}, /does not allow this page's origin/, /Add http:\/\/h to ALLOWED_ORIGINS/],
  [refused(400, "control"), {}, /refused a control/],
  [refused(503, "draining"), {}, /shutting down/],
  [refused(503, "memory"), {}, /is full/],
  [refused(418, "teapot"), {}, /refused the upgrade with 418/],
  [refused(401, "refuse"), { asked: "401" }, /refused with 401, as asked/, /refuse=401.*does not try again/, /Reset the controls/],
  [refused(503, "refuse"), { asked: "503" }, /refused with 503, as asked/, /refuse=503 is in the URL\.$/m],
  [{ kind: "accepted", pod: "p" }, {}, /accepted the upgrade, but its answer did not arrive/, /echosvc probe ws:\/\/h\/x$/m],
  [{ kind: "plain", pod: "p" }, {}, /into plain HTTP/, /arrived at p as an ordinary GET/],
  [{ kind: "unknown" }, {}, /The upgrade failed/],
  [{ kind: "restarted", seconds: 2.2 }, {}, /was not running/, /started 2 s ago/],
  [{ kind: "absent", pods: ["p", "q"] }, {}, /never reached the server/, /p, q/, /another one/],
  [{ kind: "proxy", status: 503, title: "503 Service Unavailable" }, {}, /A proxy answered with 503/, /no healthy server to forward/],
  [{ kind: "proxy", status: 401, title: "" }, {}, /A proxy answered with 401/, /login/],
  [{ kind: "proxy", status: 200, title: "My app" }, {}, /answered with 200/, /start page/],
  [{ kind: "proxy", status: 200, title: "Log in", redirected: "https://login/" }, {}, /redirects/, /ends at https:\/\/login\//],
  [{ kind: "unreachable" }, {}, /Nothing answers/, /from h:/],
]) {
  test(`${found.kind} ${found.status ?? ""} ${found.reason ?? ""}`, () => {
    const { title: got, detail, fix, quote } = explain(found, { ...attempt, ...change });
    assert.match(got, title);
    for (const part of rest) assert.match([detail, ...fix].join("\n"), part);
    assert.ok(!fix.join().includes("_page"));
    assert.equal(quote, found.kind === "refused" && !change.asked ? found.text : found.kind === "proxy" ? found.title : undefined);
  });
}
