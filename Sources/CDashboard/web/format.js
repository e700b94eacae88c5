// How figures and names are written: each rule once.

const counts = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const count = (number) => counts.format(number);

// Three significant digits and the unit of a thousand: 512 B, 1.05 MB.
export function bytes(number) {
  if (number < 999.5) return `${Math.round(number)} B`;
  const units = ["kB", "MB", "GB", "TB", "PB", "EB"];
  let amount = number / 1000;
  let unit = 0;
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${significant(amount)} ${units[unit]}`;
}

// In a table, where most are zero; null is none.
export const bytesOrDash = (number) => (number ? bytes(number) : "–");

// A rate: whole above ten, one digit below, so that a slow service does not read as a dead one.
export function rate(number) {
  return number > 0 && number < 9.95 ? number.toFixed(1) : count(number);
}

function significant(amount) {
  if (amount < 9.995) return amount.toFixed(2);
  return amount < 99.95 ? amount.toFixed(1) : amount.toFixed(0);
}

// Two units at most: 80ms, 9s, 2m05s, 3h20m, 4d06h.
export function span(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return `${Math.max(0, Math.floor(milliseconds))}ms`;
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${padded(seconds % 60)}s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h${padded(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86400)}d${padded(Math.floor(seconds / 3600) % 24)}h`;
}

const padded = (number) => String(number).padStart(2, "0");

// Tenths of a second, for what is counted down on the page.
export const seconds = (milliseconds) => `${(Math.max(0, milliseconds) / 1000).toFixed(1)} s`;

// When a closed connection ended: its age stopped growing then.
export function endOf(row) {
  return new Date(Date.parse(row.opened_at) + row.age_ms);
}

export const clock = (date) => date.toISOString().slice(11, 19);

// A peer may be a file's name, chosen by a stranger: only printable ASCII is shown as it is.
export function printable(text) {
  let shown = "";
  for (const byte of new TextEncoder().encode(text)) {
    const plain = byte >= 32 && byte <= 126 && byte !== 92;
    shown += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return shown;
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

// Only what differs is written, so that a selection or a reader's place is not lost each second.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
