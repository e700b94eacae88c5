// The tables of connections, asked for while somebody looks.

import { call, Problem } from "./api.js";
import { bytes, clock, count, endOf, plural, printable, setText, span, word } from "./format.js";

const PERIOD = 1500;
const LIMIT = 100;
const CLOSED_SHOWN = 20;
// All closed ones are asked for, as the API has no order of ends; so only when some ended, and not too often.
const CLOSED_PERIOD = 3000;

const OPEN_CELLS = {
  id: (row) => String(row.id),
  peer: (row) => printable(row.peer),
  local: (row) => printable(row.local),
  state: (row) => word("connection", row.state),
  blocked_on: (row) => (row.blocked_on === null ? "" : word("blocker", row.blocked_on)),
  age: (row) => span(row.age_ms),
  idle: (row) => span(row.idle_ms),
  lines: (row) => count(row.lines),
  received: (row) => bytes(row.received),
  sent: (row) => bytes(row.sent),
  unread: (row) => (row.unread ? bytes(row.unread) : "–"),
  unacked: (row) => (row.unacked ? bytes(row.unacked) : "–"),
  partial: (row) => (row.partial_line ? bytes(row.partial_line) : "–"),
};

const CLOSED_CELLS = {
  ended: (row) => clock(endOf(row)),
  id: (row) => String(row.id),
  peer: (row) => printable(row.peer),
  reason: (row) => word("reason", row.reason),
  age: (row) => span(row.age_ms),
  lines: (row) => count(row.lines),
  received: (row) => bytes(row.received),
  sent: (row) => bytes(row.sent),
  late: (row) => (row.late_discarded ? bytes(row.late_discarded) : "–"),
};

export class ConnectionTables {
  #filters = document.getElementById("filters");
  #open = document.getElementById("open-table");
  #closed = document.getElementById("closed-table");
  #sort = "id";
  // The `after` of each page up to this one.
  #pages = [0];
  #next = null;
  #asking = false;
  #askAgain = false;
  #closedSum = null;
  #closedAt = -Infinity;
  // The process has exited: nobody is left to ask.
  #ended = false;
  #onClose;

  constructor(onClose) {
    this.#onClose = onClose;
    this.#filters.hidden = false;
    // Not with each key: half an address is none.
    this.#filters.addEventListener("change", () => this.#restart());
    this.#filters.addEventListener("submit", (event) => event.preventDefault());
    // A reset takes effect after its event.
    this.#filters.addEventListener("reset", () => setTimeout(() => this.#restart()));
    this.#prepareHeads();
    document.getElementById("next").addEventListener("click", () => this.#turn(1));
    document.getElementById("previous").addEventListener("click", () => this.#turn(-1));
    document.addEventListener("visibilitychange", () => this.refresh());
    setInterval(() => this.refresh(), PERIOD);
    this.refresh();
  }

  #prepareHeads() {
    for (const head of this.#open.querySelectorAll("th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => {
        this.#sort = head.dataset.sort;
        this.#restart();
      });
      head.replaceChildren(button);
    }
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
      const query = this.#query();
      const page = await call("GET", "connections", query);
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
    showRows(this.#open, [], OPEN_CELLS, () => {});
    showEmpty(this.#open, true, "The process has ended, and no connection is open.");
    document.getElementById("pager").hidden = true;
    setText(document.getElementById("connections-count"), "0");
    if (this.#closed.querySelector("tbody tr[data-id]")) {
      document.getElementById("closed-count").append(", as of the last refresh");
    } else if (closedSum > 0) {
      showEmpty(this.#closed, true, `${plural(closedSum, "connection")} ended after the last refresh.`);
    }
  }

  begin() {
    this.#ended = false;
    this.#closedSum = null;
    this.#restart();
  }

  #query() {
    const query = Object.fromEntries(new FormData(this.#filters));
    query.peer = query.peer.trim();
    const after = this.#pages.at(-1);
    return { ...query, limit: LIMIT, sort: this.#sort, after: this.#sort === "id" && after ? after : "" };
  }

  #showProblem(text) {
    const element = document.getElementById("connections-problem");
    element.hidden = text === "";
    setText(element, text);
  }

  #showOpen({ connections, next, total }) {
    this.#next = next;
    for (const head of this.#open.querySelectorAll("th[data-sort]")) {
      const sorted = head.dataset.sort === this.#sort;
      head.setAttribute("aria-sort", sorted ? (this.#sort === "id" ? "ascending" : "descending") : "none");
    }
    showRows(this.#open, connections, OPEN_CELLS, (line, row) => this.#finish(line, row));
    const { state, blocked_on, peer } = Object.fromEntries(new FormData(this.#filters));
    const filtered = state || blocked_on || peer;
    setText(document.getElementById("connections-count"), filtered ? `${count(total)} match` : count(total));
    showEmpty(this.#open, connections.length === 0, filtered ? "No connection matches the filter." : null);
    this.#showPager(connections, total);
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

  #finish(line, row) {
    line.dataset.state = row.state;
    line.querySelector("[data-cell=state]").dataset.state = row.state;
    let button = line.querySelector("button");
    if (!button) {
      button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.textContent = "Close…";
      button.setAttribute("aria-label", `Close connection ${row.id}`);
      line.lastElementChild.append(button);
    }
    // With the figures as they are shown.
    button.onclick = () => this.#onClose(row);
  }

  // `sum`: how many have been closed so far, as the live data say.
  async noteClosed(sum) {
    const now = performance.now();
    if (document.hidden || sum === this.#closedSum || now - this.#closedAt < CLOSED_PERIOD) return;
    this.#closedAt = now;
    try {
      const { connections } = await call("GET", "connections", { state: "closed", limit: 1000 });
      if (this.#ended) return;
      this.#closedSum = sum;
      const latest = connections.sort((left, right) => endOf(right) - endOf(left) || right.id - left.id);
      showRows(this.#closed, latest.slice(0, CLOSED_SHOWN), CLOSED_CELLS, () => {});
      showEmpty(this.#closed, latest.length === 0, null);
      const shown = Math.min(CLOSED_SHOWN, latest.length);
      setText(document.getElementById("closed-count"), shown ? `the last ${shown} of ${count(sum)}` : "");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
    }
  }
}

function showEmpty(table, isEmpty, text) {
  const row = table.querySelector("tr.empty");
  row.hidden = !isEmpty;
  row.querySelector(".filtered").hidden = text === null;
  row.querySelector(".unfiltered").hidden = text !== null;
  if (text !== null) setText(row.querySelector(".filtered"), text);
}

// Lines are kept from one time to the next, so that focus and selection stay where they are.
function showRows(table, rows, cells, finish) {
  const body = table.tBodies[0];
  const lines = new Map([...body.querySelectorAll("tr[data-id]")].map((line) => [line.dataset.id, line]));
  const shown = rows.map((row) => {
    const line = lines.get(String(row.id)) ?? newLine(table, row);
    lines.delete(String(row.id));
    for (const [name, text] of Object.entries(cells)) {
      setText(line.querySelector(`[data-cell="${name}"]`), text(row));
    }
    finish(line, row);
    return line;
  });
  for (const line of lines.values()) line.remove();
  shown.forEach((line, index) => {
    if (body.children[index] !== line) body.insertBefore(line, body.children[index] ?? null);
  });
}

function newLine(table, row) {
  const line = table.querySelector("template").content.firstElementChild.cloneNode(true);
  line.dataset.id = row.id;
  return line;
}
