// The dialogs: each names what will happen before it does.

import { call, Problem } from "./api.js";
import { plural, printable, seconds } from "./format.js";

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
  const { timeout, delay, mode } = form.elements;
  const end = verb === "drain" ? "The process stays alive; Undrain takes it back." : "Then the process exits.";
  const { drain, state } = status;
  if (state === "drained") return "Nothing is left to drain. The process exits at once.";
  if (drain !== null && drain.result === null) {
    const left = drain.deadline_in_ms === null ? "" : ` with ${seconds(drain.deadline_in_ms)} left`;
    const merged = "What you name is merged into it: the nearer deadline and the harsher mode count.";
    return `A drain is running${left}. ${merged} ${end}`;
  }
  const clients = plural(status.connections.active, "connection");
  const chosen = mode.value || mode.options[0].dataset.mode;
  if (chosen === "abort") return `Resets ${clients} at once; answers on their way are lost. ${end}`;
  const budget = duration(timeout);
  const wait = duration(delay);
  const start = /^0+\D/.test(wait)
    ? "Stops taking new clients at once"
    : `Says "not ready" for ${wait} and still takes clients, then stops taking them`;
  const middle =
    chosen === "wait"
      ? `echoes on until ${clients} end by themselves`
      : `answers what ${clients} ${status.connections.active === 1 ? "has" : "have"} sent`;
  return `${start}, ${middle}, and cuts what is left after ${budget}. ${end}`;
}

// What is no duration is refused by the server; until it is one, the sentence keeps to the configured value.
function duration({ value, placeholder }) {
  const text = value.trim();
  return /^\d+(ms|s|m|h)$/.test(text) ? text : placeholder;
}

export function openUndrainDialog(status) {
  const { state } = status();
  document.getElementById("undrain-consequence").textContent =
    state === "lame_duck"
      ? "Says ready again. Nothing was closed."
      : "Listens again on the same addresses and says ready. Connections already closed stay closed.";
  show(document.getElementById("undrain-dialog"), () => call("DELETE", "drain"));
}

export function openCloseDialog(row, done) {
  const dialog = document.getElementById("close-dialog");
  dialog.querySelector("form").reset();
  document.getElementById("close-peer").textContent = `Connection ${row.id} with ${printable(row.peer)}.`;
  const unfinished = plural(row.partial_line ?? 0, "byte");
  document.getElementById("close-loss").textContent = row.partial_line
    ? `The ${unfinished} of its unfinished line are given up.`
    : "Nothing is lost.";
  show(dialog, async (values) => {
    await call("DELETE", `connections/${row.id}`, { mode: values.get("mode") });
    done();
  });
}

// Asks for the token, again where one was refused; null when the dialog is given up.
export function askForToken(reason, wasRefused) {
  const dialog = document.getElementById("token-dialog");
  const form = dialog.querySelector("form");
  form.reset();
  document.getElementById("token-reason").textContent = reason;
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
