// The banner, the tiles and the records: what the status object says.

import { bytes, count, plural, printable, rate, seconds, setText, span } from "./format.js";
import { element } from "./table.js";
import { values, word } from "./words.js";

const field = (name) => document.querySelector(`[data-field="${name}"]`);
const write = (name, text) => setText(field(name), text);

// The drain's record: title and text of each line.
const RECORD = {
  id: ["Drain", ({ id }) => String(id)],
  result: ["Result", ({ result }) => (result === null ? "running" : word("result", result))],
  trigger: ["Started by", ({ trigger }) => printable(word("trigger", trigger))],
  mode: ["Mode", ({ mode }) => word("mode", mode)],
  intent: ["Then", ({ intent }) => word("intent", intent)],
  took: ["Took", ({ elapsed_ms }) => seconds(elapsed_ms)],
  budget: ["Timeout", (drain) => budget(drain)],
  queue: ["Accept queue", ({ accept_queue }) => word("queue", accept_queue)],
  from_backlog: ["Accepted from the queue", ({ from_backlog }) => count(from_backlog)],
  at_mark: ["Open when their closing began", ({ at_mark }) => count(at_mark)],
  closed: ["Closed", ({ closed }) => count(closed)],
  late_discarded: ["Received too late, discarded", ({ late_discarded }) => bytes(late_discarded)],
  incomplete: ["Unfinished lines", ({ incomplete }) => bytes(incomplete)],
  abandoned_by_peer: ["Abandoned by clients", ({ abandoned_by_peer }) => bytes(abandoned_by_peer)],
  lost_received: ["Lost: received, not answered", ({ lost_received }) => bytes(lost_received)],
  lost_sent: ["Lost: sent, not delivered", ({ lost_sent }) => bytes(lost_sent)],
};

export class StatusView {
  constructor() {
    const record = Object.entries(RECORD).map(([name, [title]]) => pair(title, `record-${name}`));
    document.getElementById("drain-record").append(...record);
    const reasons = values("reason").map((reason) => pair(word("reason", reason), `reason-${reason}`));
    document.getElementById("reasons").append(...reasons);
  }

  // `rates`: since the status before; null where there is nothing yet to compare with.
  show(status, rates) {
    facts(status);
    banner(status);
    totals(status);
    if (rates) {
      write("lines", rate(rates.lines));
      write("received", bytes(rates.received));
      write("sent", bytes(rates.sent));
    }
    reasons(status);
    drainRecord(status.drain);
  }

  // The last status of a process, after its end.
  showExited(status, rates) {
    this.show({ ...status, state: "exited" }, rates);
  }

  // `limit`: how many connections may be open.
  showLimit(limit) {
    write("limit", ` · limit ${count(limit)}`);
  }
}

export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

function pair(title, name) {
  const value = element("dd");
  value.dataset.field = name;
  return element("div", {}, element("dt", {}, title), value);
}

function facts({ listen, admin, version, pid, uptime_ms }) {
  const list = (addresses) => (addresses.length > 0 ? printable(addresses.join(", ")) : "none");
  write("listen", list(listen));
  write("admin", list(admin));
  write("version", printable(version));
  write("pid", String(pid));
  write("uptime", span(uptime_ms));
}

function banner(status) {
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
  const { drain } = status;
  const panel = document.getElementById("drain-panel");
  panel.hidden = drain === null || ["starting", "serving"].includes(status.state);
  if (!panel.hidden) drainPanel(status, drain);
}

function totals({ connections, lines, bytes: total, drain }) {
  write("active", count(connections.active));
  write("accepted", `${count(connections.accepted)} accepted`);
  write("lines-total", `${count(lines)} in all`);
  write("received-total", `${bytes(total.received)} in all`);
  write("sent-total", `${bytes(total.sent)} in all`);
  alarm("refused", connections.closed.refused, count(connections.closed.refused));
  const lost = drain === null ? 0 : drain.lost_received + drain.lost_sent;
  alarm("lost", lost, bytes(lost));
  write("lost-note", drain === null ? "no drain yet" : `in drain ${drain.id}`);
}

function alarm(name, number, text) {
  write(name, text);
  field(name).closest(".tile").classList.toggle("alarm", number > 0);
}

function reasons({ connections }) {
  for (const reason of values("reason")) {
    const number = connections.closed[reason];
    write(`reason-${reason}`, count(number));
    field(`reason-${reason}`).parentElement.classList.toggle("none", number === 0);
  }
}

function drainPanel(status, drain) {
  const total = drain.closed + status.connections.active;
  const progress = field("progress");
  progress.max = Math.max(1, total);
  progress.value = total === 0 && drain.result !== null ? 1 : drain.closed;
  write("progress-text", `${count(drain.closed)} of ${plural(total, "connection")} closed`);
  write("time-left", timeLeft(status, drain));
  fact("drain-mode", word("mode", drain.mode));
  fact("drain-trigger", printable(word("trigger", drain.trigger)));
  fact("drain-intent", word("intent", drain.intent));
  fact("drain-result", drain.result === null ? "" : word("result", drain.result));
  field("drain-result").dataset.result = drain.result ?? "";
  write("exit-code-title", word("exit-code", drain.intent));
  fact("exit-code", String(status.exit_code ?? ""));
  const blockers = Object.entries(drain.blocked_on);
  field("blockers").replaceChildren(...blockers.map(([blocker, number]) => blockerItem(blocker, number)));
  field("blockers").hidden = blockers.length === 0;
}

function timeLeft({ state }, { deadline_in_ms, delay_ms, elapsed_ms }) {
  if (deadline_in_ms === null) return `took ${seconds(elapsed_ms)}`;
  const left = `${seconds(deadline_in_ms)} left`;
  return state === "lame_duck" ? `stops accepting in ${seconds(delay_ms - elapsed_ms)} · ${left}` : left;
}

// What is not known yet is not shown.
function fact(name, text) {
  write(name, text);
  field(name).parentElement.hidden = text === "";
}

function blockerItem(blocker, number) {
  const verb = number === 1 ? "waits" : "wait";
  return element("li", {}, element("b", {}, count(number)), ` ${verb} for ${word("blocker", blocker)}`);
}

function drainRecord(drain) {
  document.getElementById("no-drain").hidden = drain !== null;
  document.getElementById("drain-record").hidden = drain === null;
  if (drain === null) return;
  for (const [name, [, text]] of Object.entries(RECORD)) write(`record-${name}`, text(drain));
}

function budget(drain) {
  const timeout = span(drain.timeout_ms);
  return drain.delay_ms > 0 ? `${timeout}, including ${span(drain.delay_ms)} of delay` : timeout;
}
