// The curl lines: with the address that the browser sees, and a button that copies.

import { element } from "./table.js";

const LINES = [
  ["Status", "", "status"],
  ["Live events", "-N", "events"],
  ["Connections as a table", "", "connections?format=text"],
  ["Those waiting for their client to read", "", "connections?blocked_on=peer_read"],
  ["Drain, and wait for the end", "-X POST", "drain?wait"],
  ["Undrain", "-X DELETE", "drain"],
  ["Shut down", "-X POST", "shutdown"],
  ["Metrics for Prometheus", "", "metrics"],
];

// `needsToken`: a request that changes something must carry the admin token.
export function showCommands({ needsToken }) {
  document.getElementById("commands").replaceChildren(...LINES.map((line) => item(line, needsToken)));
}

function item([what, method, path], needsToken) {
  const token = needsToken && method.startsWith("-X") ? '-H "Authorization: Bearer $TOKEN"' : "";
  // For a shell: a quotation mark in the path, which a link may bring along, would end the word.
  const url = new URL(path, new URL(".", document.baseURI)).href.replaceAll("'", "%27");
  const code = element("code", {}, ["curl", method, token, `'${url}'`].filter(Boolean).join(" "));
  const button = element("button", { type: "button", className: "quiet" }, "Copy");
  button.addEventListener("click", () => copy(code, button));
  return element("li", {}, element("span", { className: "what" }, what), code, button);
}

async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    say(button, "Copied");
  } catch {
    // Not a secure context, or not allowed: the line is selected, and a person copies it.
    getSelection().selectAllChildren(code);
    say(button, "Selected");
  }
}

function say(button, text) {
  button.textContent = text;
  setTimeout(() => (button.textContent = "Copy"), 1500);
}
