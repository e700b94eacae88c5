// The tables of connections, asked for while the page is visible.

import { call, Problem } from "./api.js";
import { bytes, bytesOrDash, clock, count, endOf, plural, printable, setText, span } from "./format.js";
import { element, Table } from "./table.js";
import { values, word } from "./words.js";

const PERIOD = 1500;
const LIMIT = 100;
const CLOSED_SHOWN = 20;
// The API does not sort by end, so all closed ones are asked for: only when some have closed, and not too often.
const CLOSED_PERIOD = 3000;

const ID = { name: "id", title: "ID", style: "number", sort: "id", text: (row) => String(row.id) };
const PEER = { name: "peer", title: "Peer", style: "address", text: (row) => printable(row.peer) };
const LINES = { name: "lines", title: "Lines", style: "number", text: (row) => count(row.lines) };

const column = (name, title, text, style = "number", sort = null) => ({ name, title, text, style, sort });

const OPEN_COLUMNS = [
  ID,
  PEER,
  column("local", "Local", (row) => printable(row.local), "address local"),
  column("state", "State", (row) => word("connection", row.state), ""),
  column("blocked_on", "Waiting for", (row) => (row.blocked_on ? word("blocker", row.blocked_on) : ""), "waits"),
  column("age", "Age", (row) => span(row.age_ms), "number", "age"),
  column("idle", "Idle", (row) => span(row.idle_ms), "number", "idle"),
  LINES,
  column("received", "Received", (row) => bytes(row.received), "number", "received"),
  column("sent", "Sent", (row) => bytes(row.sent), "number", "sent"),
  column("unread", "Unread", (row) => bytesOrDash(row.unread)),
  column("unacked", "Unacked", (row) => bytesOrDash(row.unacked)),
  column("partial", "Partial", (row) => bytesOrDash(row.partial_line)),
];

const CLOSED_COLUMNS = [
  column("ended", "Closed (UTC)", (row) => clock(endOf(row)), ""),
  { ...ID, sort: null },
  PEER,
  column("reason", "Reason", (row) => word("reason", row.reason), ""),
  column("age", "Open for", (row) => span(row.age_ms)),
  LINES,
  column("received", "Received", (row) => bytes(row.received)),
  column("sent", "Sent", (row) => bytes(row.sent)),
  column("late", "Too late", (row) => bytesOrDash(row.late_discarded)),
];

export class ConnectionTables {
  #filters = document.getElementById("filters");
  #open;
  #closed = new Table("closed-table", CLOSED_COLUMNS);
  #sort = "id";
  // The `after` of each page up to this one.
  #pages = [0];
  #next = null;
  #asking = false;
  #askAgain = false;
  #closedSum = null;
  #closedAt = -Infinity;
  #tryOut = "";
  // The process has exited and answers no more.
  #ended = false;

  // `onClose(row)`: the button of a row was pressed.
  constructor(onClose) {
    const finish = (line, row) => addButton(line, row, onClose);
    this.#open = new Table("open-table", OPEN_COLUMNS, { hasAction: true, finish });
    this.#open.makeSortable((sort) => {
      this.#sort = sort;
      this.#restart();
    });
    const { state, blocked_on } = this.#filters.elements;
    const open = values("connection").filter((value) => value !== "closed");
    state.append(...open.map((value) => new Option(word("connection", value), value)));
    blocked_on.append(...values("blocker").map((value) => new Option(word("blocker", value), value)));
    // Not with each key: half an address is none.
    this.#filters.addEventListener("change", () => this.#restart());
    this.#filters.addEventListener("submit", (event) => event.preventDefault());
    // A reset takes effect after its event.
    this.#filters.addEventListener("reset", () => setTimeout(() => this.#restart()));
    document.getElementById("next").addEventListener("click", () => this.#turn(1));
    document.getElementById("previous").addEventListener("click", () => this.#turn(-1));
    document.addEventListener("visibilitychange", () => this.refresh());
    setInterval(() => this.refresh(), PERIOD);
    this.refresh();
  }

  #restart() {
    this.#pages = [0];
    this.refresh();
  }

  #turn(step) {
    if (step > 0 && this.#next !== null) this.#pages.push(this.#next);
    if (step < 0 && this.#pages.length > 1) this.#pages.pop();
    this.refresh();
  }

  // One question at a time; one that comes meanwhile is asked afterwards.
  async refresh() {
    if (document.hidden || this.#ended) return;
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    this.#asking = true;
    try {
      const page = await call("GET", "connections", this.#query());
      if (this.#ended) return;
      this.#showProblem("");
      this.#showOpen(page);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!this.#ended) this.#showProblem(problem.message);
    } finally {
      this.#asking = false;
    }
    if (this.#askAgain) {
      this.#askAgain = false;
      this.refresh();
    }
  }

  // No connection outlives its process; the closed ones stay, as they were last seen.
  end(closedSum) {
    if (this.#ended) return;
    this.#ended = true;
    this.#showProblem("");
    this.#open.show([], "The process has ended, and no connection is open.");
    document.getElementById("pager").hidden = true;
    setText(document.getElementById("connections-count"), "0");
    if (this.#closed.hasRows) {
      document.getElementById("closed-count").append(", as of the last refresh");
    } else if (closedSum > 0) {
      this.#closed.show([], `${plural(closedSum, "connection")} closed after the last refresh.`);
    }
  }

  begin() {
    this.#ended = false;
    this.#closedSum = null;
    this.#restart();
  }

  // A status: how many connections have closed so far, and where a first client can be sent.
  note(status, closedSum) {
    this.#tryOut = status.state === "serving" ? tryOut(status.listen[0]) : "";
    this.#noteClosed(closedSum);
  }

  #query() {
    const query = Object.fromEntries(new FormData(this.#filters));
    query.peer = query.peer.trim();
    const after = this.#pages.at(-1);
    return { ...query, limit: LIMIT, sort: this.#sort, after: this.#sort === "id" && after ? after : "" };
  }

  #showProblem(text) {
    const problem = document.getElementById("connections-problem");
    problem.hidden = text === "";
    setText(problem, text);
  }

  #showOpen({ connections, next, total }) {
    this.#next = next;
    this.#open.markSorted(this.#sort, this.#sort === "id" ? "ascending" : "descending");
    const { state, blocked_on, peer } = Object.fromEntries(new FormData(this.#filters));
    const filtered = state || blocked_on || peer;
    this.#open.show(connections, filtered ? "No connection matches the filter." : this.#noClient());
    setText(document.getElementById("connections-count"), filtered ? `${count(total)} match` : count(total));
    this.#showPager(connections, total);
  }

  #noClient() {
    const message = element("span", {}, "No client is connected.");
    if (this.#tryOut) message.append(" Try ", element("code", {}, this.#tryOut));
    return message;
  }

  #showPager(connections, total) {
    const pages = this.#pages.length;
    document.getElementById("pager").hidden = pages === 1 && connections.length === total;
    document.getElementById("previous").disabled = pages === 1;
    document.getElementById("next").disabled = this.#next === null;
    const text =
      this.#sort === "id"
        ? `Page ${pages}, ${plural(connections.length, "connection")} of ${count(total)}`
        : `The first ${count(connections.length)} of ${count(total)}; sort by ID to turn pages`;
    setText(document.getElementById("page-range"), text);
  }

  async #noteClosed(sum) {
    const now = performance.now();
    if (document.hidden || sum === this.#closedSum || now - this.#closedAt < CLOSED_PERIOD) return;
    this.#closedAt = now;
    try {
      const { connections } = await call("GET", "connections", { state: "closed", limit: 1000 });
      if (this.#ended) return;
      this.#closedSum = sum;
      const latest = connections.sort((left, right) => endOf(right) - endOf(left) || right.id - left.id);
      const shown = latest.slice(0, CLOSED_SHOWN);
      this.#closed.show(shown, "No connection has closed yet.");
      const text = shown.length > 0 ? `the last ${shown.length} of ${count(sum)}` : "";
      setText(document.getElementById("closed-count"), text);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
    }
  }
}

function addButton(line, row, onClose) {
  line.querySelector("[data-cell=state]").dataset.state = row.state;
  let button = line.querySelector("button");
  if (!button) {
    button = element("button", { type: "button", className: "quiet" }, "Close…");
    button.setAttribute("aria-label", `Close connection ${row.id}`);
    line.lastElementChild.append(button);
  }
  // With the figures as they are shown.
  button.onclick = () => onClose(row);
}

// A command for a first client; nothing for a Unix socket.
function tryOut(address) {
  const [, host, port] = address?.match(/^\[?([^\]]*)\]?:(\d+)$/) ?? [];
  return host && !address.startsWith("unix") ? `echo hello | ncat ${printable(host)} ${port}` : "";
}
