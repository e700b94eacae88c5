// The dialogs: each names what will happen before it does.

import { call, Problem } from "./api.js";
import { plural, printable, seconds } from "./format.js";

// What echod does where a field is left empty.
export function setDrainDefaults({ timeout, delay, mode }) {
  const fields = document.querySelector("#drain-dialog form").elements;
  fields.timeout.placeholder = timeout;
  fields.delay.placeholder = delay;
  const [configured] = fields.mode.options;
  configured.text = `as configured (${mode})`;
  configured.dataset.mode = mode;
}

// Shows a dialog; `act` does what was confirmed, and what it throws is shown in the dialog, which stays open.
function show(dialog, act) {
  const form = dialog.querySelector("form");
  const problem = form.querySelector(".problem");
  const confirm = form.querySelector(".buttons button:not(.cancel)");
  problem.hidden = true;
  form.querySelector(".cancel").onclick = () => dialog.close();
  form.onsubmit = async (event) => {
    event.preventDefault();
    confirm.disabled = true;
    try {
      await act(new FormData(form));
      dialog.close();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem.textContent = error.message;
      problem.hidden = false;
    } finally {
      confirm.disabled = false;
    }
  };
  dialog.showModal();
}

// `verb`: "drain" or "shutdown"; `status()` the latest status.
export function openDrainDialog(verb, status) {
  const dialog = document.getElementById("drain-dialog");
  const form = dialog.querySelector("form");
  const title = verb === "drain" ? "Drain" : "Shut down";
  form.reset();
  document.getElementById("drain-dialog-title").textContent = title;
  const confirm = form.querySelector(".buttons button:not(.cancel)");
  confirm.textContent = title;
  confirm.className = verb === "drain" ? "primary" : "danger";
  const explain = () => {
    document.getElementById("drain-consequence").textContent = consequence(verb, form, status());
  };
  form.oninput = explain;
  explain();
  show(dialog, async (values) => {
    await call("POST", verb, Object.fromEntries([...values].map(([name, value]) => [name, value.trim()])));
  });
}

function consequence(verb, form, status) {
  const end = verb === "drain" ? "The process stays alive; Undrain makes it serve again." : "Then the process exits.";
  const { drain, state } = status;
  if (state === "drained") return "There is nothing left to drain. The process exits at once.";
  if (drain !== null && drain.result === null) {
    const left = drain.deadline_in_ms === null ? "" : ` with ${seconds(drain.deadline_in_ms)} left`;
    const joined = "Your values are merged into it: the earlier deadline and the harsher mode apply.";
    return `A drain is running${left}. ${joined} ${end}`;
  }
  return `${newDrain(form.elements, status.connections.active)} ${end}`;
}

function newDrain({ timeout, delay, mode }, active) {
  const clients = plural(active, "connection");
  const chosen = mode.value || mode.options[0].dataset.mode;
  if (chosen === "abort") return `Resets ${clients} at once. Answers not yet delivered are lost.`;
  const wait = duration(delay);
  const start = /^0+\D/.test(wait)
    ? "Stops accepting clients at once"
    : `Reports "not ready" for ${wait} and still accepts clients, then stops accepting them`;
  const middle =
    chosen === "wait"
      ? `waits for the clients to end ${clients}`
      : `answers what ${clients} ${active === 1 ? "has" : "have"} sent`;
  return `${start}, ${middle}, and cuts what is left after ${duration(timeout)}.`;
}

// The server refuses what is no duration; until it is one, the sentence names the configured value.
function duration({ value, placeholder }) {
  const text = value.trim();
  return /^\d+(ms|s|m|h)$/.test(text) ? text : placeholder;
}

export function openUndrainDialog(status) {
  const { state } = status();
  document.getElementById("undrain-consequence").textContent =
    state === "lame_duck"
      ? "Reports ready again. No connection has been closed."
      : "Listens again on the same addresses and reports ready. Connections already closed stay closed.";
  show(document.getElementById("undrain-dialog"), () => call("DELETE", "drain"));
}

export function openCloseDialog(row, done) {
  const dialog = document.getElementById("close-dialog");
  dialog.querySelector("form").reset();
  document.getElementById("close-peer").textContent = `Connection ${row.id} from ${printable(row.peer)}.`;
  document.getElementById("close-loss").textContent = row.partial_line
    ? `Its unfinished line, ${plural(row.partial_line, "byte")}, is discarded.`
    : "Nothing is lost.";
  show(dialog, async (values) => {
    await call("DELETE", `connections/${row.id}`, { mode: values.get("mode") });
    done();
  });
}

// Asks for the token, again where one was refused; null when the dialog is cancelled.
export function askForToken(wasRefused) {
  const dialog = document.getElementById("token-dialog");
  const form = dialog.querySelector("form");
  form.reset();
  form.querySelector(".cancel").onclick = () => dialog.close();
  return new Promise((resolve) => {
    let token = null;
    form.onsubmit = (event) => {
      event.preventDefault();
      token = form.elements.token.value;
      dialog.close();
    };
    dialog.onclose = () => {
      form.reset();
      resolve(token);
    };
    dialog.showModal();
    // An alert is read out when it appears.
    form.querySelector(".problem").hidden = !wasRefused;
  });
}
