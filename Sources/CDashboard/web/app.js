// The dashboard: live data into the page that the server has written, and its buttons.

import { onTokenNeeded } from "./api.js";
import { Charts } from "./charts.js";
import { prepareCommands } from "./commands.js";
import { ConnectionTables } from "./connections.js";
import { askForToken, openCloseDialog, openDrainDialog, openUndrainDialog } from "./dialogs.js";
import { word } from "./format.js";
import { announce, StatusView } from "./status.js";
import { follow, isAnother } from "./stream.js";

const ALLOWED = {
  drain: ["serving", "lame_duck", "draining"],
  undrain: ["lame_duck", "draining", "drained"],
  shutdown: ["serving", "lame_duck", "draining", "forcing", "drained"],
};

const view = new StatusView();
const charts = new Charts();
let latest = null;
let isBroken = false;

onTokenNeeded(askForToken);
const tables = new ConnectionTables((row) => openCloseDialog(row, () => tables.refresh()));
prepareCommands();
document.getElementById("actions").hidden = false;
const status = () => latest;
document.getElementById("drain").addEventListener("click", () => openDrainDialog("drain", status));
document.getElementById("shutdown").addEventListener("click", () => openDrainDialog("shutdown", status));
document.getElementById("undrain").addEventListener("click", () => openUndrainDialog(status));
enable("");

const stream = follow({
  onStatus(status) {
    if (latest !== null && isAnother(status, latest)) startAnew();
    else if (isBroken) charts.recall();
    isBroken = false;
    latest = status;
    view.show(status, charts.add(status));
    tables.noteClosed(closedSum(status));
    warn("");
    enable(status.state);
  },
  onDone(status) {
    latest = status;
    view.showExited(status, charts.add(status));
    tables.end(closedSum(status));
    const result = status.drain?.result;
    const end = result ? ` The last drain: ${word("result", result)}.` : "";
    warn(`echod has exited with code ${status.exit_code ?? "unknown"}.${end}`, "exited");
    enable("");
  },
  onBroken() {
    isBroken = true;
    warn("Connection lost, retrying. What you see is out of date.", "lost");
    enable("");
  },
});

charts.recall();

function closedSum({ connections }) {
  return Object.values(connections.closed).reduce((sum, number) => sum + number, 0);
}

// Another process answers at this address.
function startAnew() {
  stream.forget();
  charts.startAnew();
  tables.begin();
}

function warn(text, kind = "") {
  const warning = document.getElementById("warning");
  document.body.dataset.stale = kind;
  if (warning.textContent === text) return;
  warning.hidden = text === "";
  warning.textContent = text;
  if (text === "" && kind === "") announce("Connected.");
}

function enable(state) {
  for (const [name, states] of Object.entries(ALLOWED)) {
    document.getElementById(name).disabled = !states.includes(state);
  }
}
