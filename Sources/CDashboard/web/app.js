// The dashboard: asks for live data, shows them, and makes the buttons work.

import { onTokenNeeded } from "./api.js";
import { Charts } from "./charts.js";
import { showCommands } from "./commands.js";
import { loadConfiguration } from "./configuration.js";
import { ConnectionTables } from "./connections.js";
import { askForToken, openCloseDialog, openDrainDialog, openUndrainDialog, setDrainDefaults } from "./dialogs.js";
import { announce, StatusView } from "./status.js";
import { follow, isAnother } from "./stream.js";
import { word } from "./words.js";

const ALLOWED = {
  drain: ["serving", "lame_duck", "draining"],
  undrain: ["lame_duck", "draining", "drained"],
  shutdown: ["serving", "lame_duck", "draining", "forcing", "drained"],
};

document.getElementById("loading").hidden = false;
const view = new StatusView();
const charts = new Charts();
let latest = null;
let isBroken = false;
// Whether the options of the process are known: the dialogs need its defaults.
let isConfigured = false;
let isConfiguring = false;

onTokenNeeded(askForToken);
const tables = new ConnectionTables((row) => openCloseDialog(row, () => tables.refresh()));
const status = () => latest;
document.getElementById("drain").addEventListener("click", () => openDrainDialog("drain", status));
document.getElementById("shutdown").addEventListener("click", () => openDrainDialog("shutdown", status));
document.getElementById("undrain").addEventListener("click", () => openUndrainDialog(status));

const stream = follow({
  onStatus(status) {
    if (latest === null) reveal();
    else if (isAnother(status, latest)) restart();
    else if (isBroken) charts.recall();
    isBroken = false;
    latest = status;
    view.show(status, charts.add(status));
    tables.note(status, closedSum(status));
    warn("");
    if (!isConfigured) configure();
    enable(status.state);
  },
  onDone(status) {
    if (latest === null) reveal();
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
    const isOld = latest !== null;
    warn(isOld ? "Connection lost, retrying. The figures below are out of date." : "No connection, retrying.", "lost");
    enable("");
  },
});

charts.recall();

// Nothing is shown before the first status: it would be wrong.
function reveal() {
  document.getElementById("loading").hidden = true;
  for (const part of document.querySelectorAll("[data-live]")) part.hidden = false;
}

async function configure() {
  if (isConfiguring) return;
  isConfiguring = true;
  const configuration = await loadConfiguration();
  isConfiguring = false;
  // Without an answer the next status asks again.
  if (configuration === null) return;
  isConfigured = true;
  setDrainDefaults(configuration.drain);
  showCommands(configuration);
  view.showLimit(configuration.limit);
  if (!isBroken) enable(latest.state);
}

function closedSum({ connections }) {
  return Object.values(connections.closed).reduce((sum, number) => sum + number, 0);
}

// Another process answers at this address.
function restart() {
  isConfigured = false;
  stream.forget();
  charts.restart();
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
    document.getElementById(name).disabled = !isConfigured || !states.includes(state);
  }
}
