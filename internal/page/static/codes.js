// The names and meanings of close codes: RFC 6455 section 7.4.1, and three more from IANA. What a
// status of HTTP means for another attempt.

const names = new Map([
  [1000, ["Normal Closure", "the purpose of the connection is fulfilled"]],
  [1001, ["Going Away", "the server is shutting down, or the page was left"]],
  [1002, ["Protocol Error", "the peer detected a protocol violation"]],
  [1003, ["Unsupported Data", "the peer does not accept this type of data"]],
  [1004, ["Reserved", "no meaning defined"]],
  [1005, ["No Status Received", "the close frame had no code"]],
  [1006, ["Abnormal Closure", "TCP ended without a close frame"]],
  [1007, ["Invalid Payload Data", "text was not UTF-8, or compressed data was corrupt"]],
  [1008, ["Policy Violation", "against the peer's policy"]],
  [1009, ["Message Too Big", "over the peer's limit"]],
  [1010, ["Mandatory Extension", "the client needs an extension that was not negotiated"]],
  [1011, ["Internal Error", "the server failed unexpectedly"]],
  [1012, ["Service Restart", "the server is restarting"]],
  [1013, ["Try Again Later", "the server is overloaded"]],
  [1014, ["Bad Gateway", "a gateway got an invalid response from upstream"]],
  [1015, ["TLS Handshake", "the TLS handshake failed"]],
]);

// closeName returns the name of a close code, such as "Going Away".
export function closeName(code) {
  if (names.has(code)) return names.get(code)[0];
  if (code >= 3000 && code < 4000) return "Registered";
  if (code >= 4000 && code < 5000) return "Private Use";
  return "Unassigned";
}

// closeMeaning returns what a close code means, or "" if only the application knows.
export const closeMeaning = (code) => names.get(code)?.[1] ?? "";

// isFinal reports whether a refusal with a status stays one: an error of the client, other than
// 408 Request Timeout and 429 Too Many Requests.
export const isFinal = (status) => status >= 400 && status < 500 && status !== 408 && status !== 429;
