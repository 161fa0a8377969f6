import assert from "node:assert/strict";
import test from "node:test";
import { closeMeaning, closeName, isFinal } from "./codes.js";

test("close codes have the names of RFC 6455 section 7.4", () => {
  for (const [code, name] of [[1000, "Normal Closure"], [1001, "Going Away"], [1006, "Abnormal Closure"], [1015, "TLS Handshake"],
    [1016, "Unassigned"], [2999, "Unassigned"], [3000, "Registered"], [4999, "Private Use"], [5000, "Unassigned"]]) assert.equal(closeName(code), name);
  assert.notEqual(closeMeaning(1006), "");
  assert.equal(closeMeaning(4000), "");
});

test("a refusal is final if the client is to blame (RFC 9110 section 15.5)", () => {
  for (const [status, want] of [[0, false], [NaN, false], [400, true], [401, true], [403, true], [408, false], [429, false], [499, true], [500, false], [503, false]]) {
    assert.equal(isFinal(status), want, String(status));
  }
});
