// A table whose rows are kept from one time to the next, so that focus and selection stay where they are.

import { setText } from "./format.js";

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export class Table {
  // `columns`: {name, title, style, sort, text(row)}; `finish(line, row)` may add to a line that is shown.
  constructor(id, columns, { hasAction = false, finish = () => {} } = {}) {
    Object.assign(this, { columns, finish });
    this.table = document.getElementById(id);
    const heads = columns.map(({ title, style = "" }) => element("th", { scope: "col", className: style }, title));
    this.heads = new Map(columns.map(({ sort }, index) => [sort, heads[index]]).filter(([sort]) => sort));
    if (hasAction) heads.push(element("td"));
    this.message = element("td", { colSpan: heads.length });
    this.empty = element("tr", { className: "empty", hidden: true }, this.message);
    this.body = element("tbody", {}, this.empty);
    this.table.append(element("thead", {}, element("tr", {}, ...heads)), this.body);
    this.hasAction = hasAction;
  }

  get hasRows() {
    return this.body.querySelector("tr[data-id]") !== null;
  }

  // Makes the title of each column that can be sorted by a button; `onSort` is told its order.
  makeSortable(onSort) {
    for (const [sort, head] of this.heads) {
      const button = element("button", { type: "button" }, head.textContent);
      button.addEventListener("click", () => onSort(sort));
      head.replaceChildren(button);
    }
  }

  // `direction`: "ascending" or "descending".
  markSorted(by, direction) {
    for (const [sort, head] of this.heads) head.setAttribute("aria-sort", sort === by ? direction : "none");
  }

  // `message`: what is said where there are no rows, text or an element.
  show(rows, message) {
    const lines = new Map([...this.body.querySelectorAll("tr[data-id]")].map((line) => [line.dataset.id, line]));
    const shown = rows.map((row) => {
      const line = lines.get(String(row.id)) ?? this.#newLine(row);
      lines.delete(String(row.id));
      this.columns.forEach(({ text }, index) => setText(line.cells[index], text(row)));
      this.finish(line, row);
      return line;
    });
    for (const line of lines.values()) line.remove();
    shown.forEach((line, index) => {
      if (this.body.children[index] !== line) this.body.insertBefore(line, this.body.children[index] ?? null);
    });
    this.empty.hidden = rows.length > 0;
    if (rows.length === 0) this.message.replaceChildren(message);
  }

  #newLine(row) {
    const cells = this.columns.map(({ name, style = "" }) => {
      const cell = element("td", { className: style });
      cell.dataset.cell = name;
      return cell;
    });
    if (this.hasAction) cells.push(element("td", { className: "action" }));
    const line = element("tr", {}, ...cells);
    line.dataset.id = row.id;
    return line;
  }
}
