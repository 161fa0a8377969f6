// The report: what the page knows, as one text for an issue.
import { describe } from "./ends.js";

const indent = (text) => text.replace(/^/gm, "    ");

// report returns the text. All parts are strings but facts, counts and ends: lists of [name, value],
// of the ends as describe takes them, with a time.
export function report({ facts, why, verdict, counts, roundTrip, idle, ends, head }) {
  const parts = [
    ["echosvc report", facts.filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`).join("\n")],
    ["Why the upgrade failed", why],
    ["Echoes", [verdict, counts.filter(([, count]) => count).map(([name, count]) => `${count} ${name}`).join(", ")].filter(Boolean).join("\n")],
    ["Round trips", roundTrip],
    ["Idle time-out", idle || "not tested"],
    ["Connections that ended", ends.map((end) => `${end.time}  ${describe(end)}${end.pod ? `, ${end.pod}` : ""}${end.why === "" && end.query ? `, ${end.query}` : ""}`).join("\n") || "none"],
    ["Request as the server saw it", head || "not known: no connection with greet=1 is open"],
  ];
  return parts.filter(([, text]) => text).map(([name, text]) => `${name}\n${indent(text)}`).join("\n\n") + "\n";
}
