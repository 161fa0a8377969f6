// Close codes in words: RFC 6455 section 7.4.1, and the three that IANA has added.

const names = new Map([
  [1000, ["Normal Closure", "the purpose of the connection is fulfilled"]],
  [1001, ["Going Away", "the server goes down, or a page is left"]],
  [1002, ["Protocol Error", "the other side saw a breach of the protocol"]],
  [1003, ["Unsupported Data", "a type of data that the other side does not take"]],
  [1004, ["Reserved", "has no meaning yet"]],
  [1005, ["No Status Received", "a close frame without a code"]],
  [1006, ["Abnormal Closure", "no close frame: the TCP connection was cut, or never came to be"]],
  [1007, ["Invalid Payload Data", "text that is not UTF-8, or corrupt compression"]],
  [1008, ["Policy Violation", "against a rule of the other side"]],
  [1009, ["Message Too Big", "over the limit of the other side"]],
  [1010, ["Mandatory Extension", "the client needs an extension that was not agreed"]],
  [1011, ["Internal Error", "the server could not go on"]],
  [1012, ["Service Restart", "the server restarts"]],
  [1013, ["Try Again Later", "the server has too much to do"]],
  [1014, ["Bad Gateway", "a gateway had a bad answer from upstream"]],
  [1015, ["TLS Handshake", "the TLS handshake failed"]],
]);

// closeName is the name of a close code: "Going Away".
export function closeName(code) {
  if (names.has(code)) return names.get(code)[0];
  if (code >= 3000 && code < 4000) return "Registered";
  if (code >= 4000 && code < 5000) return "Private Use";
  return "Unassigned";
}

// closeMeaning says what a close code means, or "" where only its owner knows.
export const closeMeaning = (code) => names.get(code)?.[1] ?? "";
