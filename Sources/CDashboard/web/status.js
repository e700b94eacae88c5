// The banner, the tiles and the records: what the status object says, in the elements the server has written.

import { bytes, count, plural, printable, rate, seconds, setText, span, word } from "./format.js";

const field = (name) => document.querySelector(`[data-field="${name}"]`);
const write = (name, text) => setText(field(name), text);

export class StatusView {
  // `rates`: since the status before; null where there is nothing yet to compare with.
  show(status, rates) {
    this.#banner(status);
    this.#totals(status);
    if (rates) this.#rates(rates);
    this.#reasons(status);
    drainRecord(status.drain);
  }

  // The last status of a process, after its end.
  showExited(status, rates) {
    this.show({ ...status, state: "exited" }, rates);
  }

  #banner(status) {
    const banner = document.getElementById("banner");
    if (banner.dataset.state !== status.state) {
      banner.dataset.state = status.state;
      announce(`${word("state", status.state)}. ${word("sentence", status.state)}`);
      document.title = `${word("state", status.state)} · echod`;
    }
    write("state", word("state", status.state));
    write("sentence", word("sentence", status.state));
    write("in-state", span(status.in_state_ms));
    field("in-state").parentElement.hidden = status.state === "exited";
    write("uptime", span(status.uptime_ms));
    const { drain } = status;
    const panel = document.getElementById("drain-panel");
    panel.hidden = drain === null || ["starting", "serving"].includes(status.state);
    if (!panel.hidden) drainPanel(status, drain);
  }

  #totals(status) {
    const { connections, drain } = status;
    write("active", count(connections.active));
    write("accepted", `${count(connections.accepted)} accepted`);
    write("lines-total", `${count(status.lines)} in all`);
    write("received-total", `${bytes(status.bytes.received)} in all`);
    write("sent-total", `${bytes(status.bytes.sent)} in all`);
    alarm("refused", connections.closed.refused, count(connections.closed.refused));
    const lost = drain === null ? 0 : drain.lost_received + drain.lost_sent;
    alarm("lost", lost, bytes(lost));
    write("lost-note", drain === null ? "no drain yet" : `in drain ${drain.id}`);
  }

  #rates({ lines, received, sent }) {
    write("lines", rate(lines));
    write("received", bytes(received));
    write("sent", bytes(sent));
    for (const note of document.querySelectorAll(".average")) note.remove();
  }

  #reasons({ connections }) {
    for (const [reason, number] of Object.entries(connections.closed)) {
      const value = field(`reason-${reason}`);
      setText(value, count(number));
      value.parentElement.classList.toggle("none", number === 0);
    }
  }
}

export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

function alarm(name, number, text) {
  write(name, text);
  field(name).closest(".tile").classList.toggle("alarm", number > 0);
}

function drainPanel(status, drain) {
  const total = drain.closed + status.connections.active;
  const progress = field("progress");
  progress.max = Math.max(1, total);
  progress.value = total === 0 && drain.result !== null ? 1 : drain.closed;
  write("progress-text", `${count(drain.closed)} of ${plural(total, "connection")} closed`);
  const isOver = drain.deadline_in_ms === null;
  const doors = status.state === "lame_duck" ? `doors close in ${seconds(drain.delay_ms - drain.elapsed_ms)} · ` : "";
  const left = `${doors}${seconds(drain.deadline_in_ms)} left`;
  write("time-left", isOver ? `took ${seconds(drain.elapsed_ms)}` : left);
  fact("drain-mode", drain.mode);
  fact("drain-trigger", printable(word("trigger", drain.trigger)));
  fact("drain-intent", word("intent", drain.intent));
  fact("drain-result", drain.result === null ? "" : word("result", drain.result));
  field("drain-result").dataset.result = drain.result ?? "";
  setText(field("exit-code").previousElementSibling, word("exit-code", drain.intent));
  fact("exit-code", String(status.exit_code ?? ""));
  const blockers = Object.entries(drain.blocked_on);
  field("blockers").replaceChildren(...blockers.map(([blocker, number]) => blockerItem(blocker, number)));
  field("blockers").hidden = blockers.length === 0;
}

// What is not known yet is not shown.
function fact(name, text) {
  write(name, text);
  field(name).parentElement.hidden = text === "";
}

function blockerItem(blocker, number) {
  const item = document.createElement("li");
  const figure = document.createElement("b");
  figure.textContent = count(number);
  item.append(figure, ` ${number === 1 ? "waits" : "wait"} for ${word("blocker", blocker)}`);
  return item;
}

function drainRecord(drain) {
  document.getElementById("no-drain").hidden = drain !== null;
  document.getElementById("drain-record").hidden = drain === null;
  if (drain === null) return;
  write("record-id", String(drain.id));
  write("record-result", drain.result === null ? "running" : word("result", drain.result));
  write("record-trigger", printable(word("trigger", drain.trigger)));
  write("record-mode", drain.mode);
  write("record-intent", word("intent", drain.intent));
  write("record-took", seconds(drain.elapsed_ms));
  write("record-budget", budget(drain));
  write("record-queue", word("queue", drain.accept_queue));
  for (const key of ["at_mark", "closed", "from_backlog"]) write(`record-${key}`, count(drain[key]));
  for (const key of ["late_discarded", "incomplete", "abandoned_by_peer", "lost_received", "lost_sent"]) {
    write(`record-${key}`, bytes(drain[key]));
  }
}

function budget(drain) {
  const timeout = span(drain.timeout_ms);
  return drain.delay_ms > 0 ? `${timeout}, ${span(drain.delay_ms)} of it delay` : timeout;
}
