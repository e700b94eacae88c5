// The options in effect, and what of them the page itself needs.

import { call } from "./api.js";
import { count, printable, setText } from "./format.js";
import { element } from "./table.js";

const BY_DEFAULT = "default";

// Asks for the options and shows them. Returns null where there was no answer.
export async function loadConfiguration() {
  try {
    const { options } = await call("GET", "config");
    show(options);
    return {
      drain: {
        timeout: options["drain-timeout"].value,
        delay: options["drain-delay"].value,
        mode: options["drain-mode"].value,
      },
      limit: options["max-connections"].value,
      needsToken: options["admin-token-file"].value !== null,
    };
  } catch {
    return null;
  }
}

function show(options) {
  const sorted = Object.entries(options).sort(([left], [right]) => (left < right ? -1 : 1));
  const set = sorted.filter(([, { source }]) => source !== BY_DEFAULT).length;
  const summary = `${set} of ${sorted.length} set, the others by default`;
  setText(document.getElementById("configuration-count"), summary);
  document.getElementById("options").replaceChildren(...sorted.map(([name, option]) => pair(name, option)));
  document.getElementById("configuration").hidden = false;
}

function pair(name, { source, value }) {
  const text = element("dd", {}, printable(written(value)));
  if (source === BY_DEFAULT) return element("div", {}, element("dt", {}, name), text);
  text.append(element("span", { className: "source" }, ` by ${source}`));
  return element("div", { className: "set" }, element("dt", {}, name), text);
}

function written(value) {
  if (value === null || (Array.isArray(value) && value.length === 0)) return "none";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "number") return count(value);
  return typeof value === "boolean" ? (value ? "on" : "off") : value;
}
