// The last five minutes, drawn by hand as SVG. Colours come from the style sheet.

import { call } from "./api.js";
import { count, bytes, rate } from "./format.js";
import { Samples, SPAN } from "./samples.js";

// After this long without a sample the line is broken: nothing was measured.
const GAP = 5000;
const HEIGHT = 132;
// So that a line at the top does not run into its label: with one series, and with two on half the height each.
const HEADROOM = { 1: 1.15, 2: 1.35 };
// What the words for the time without samples need.
const PAST_WIDTH = 170;
const MARGIN = { top: 8, right: 2, bottom: 20, left: 2 };
const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// The next round number: scales seldom change, and labels are short. It is whole, as there is no half connection.
function niceCeiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  const steps = [1, ...(power > 1 ? [1.5] : []), 2, 3, 4, 5, 6, 8, 10];
  return steps.map((step) => step * power).find((step) => step >= value);
}

// 5.00 MB on an axis is 5 MB.
const short = (text) => text.replace(/\.0+(?= )/, "");

const label = (x, y, text, anchor = "start") =>
  shape("text", { x, y, class: "label", "text-anchor": anchor }, text);

class Chart {
  // `series`: {key, label}; a second one is drawn below the axis, mirrored.
  constructor(id, title, series, format) {
    this.figure = document.getElementById(id);
    this.plot = this.figure.querySelector(".plot");
    this.reading = this.figure.querySelector(".reading");
    Object.assign(this, { title, series, format });
    this.svg = shape("svg", { role: "img", height: HEIGHT });
    this.plot.replaceChildren(this.svg);
  }

  // `since`: what happened at the first sample.
  draw(samples, since) {
    const width = Math.max(120, this.plot.clientWidth);
    const values = samples.flatMap((sample) => this.series.map(({ key }) => sample[key]));
    const peak = Math.max(...values, 0);
    const top = niceCeiling(HEADROOM[this.series.length] * peak);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.svg.setAttribute("width", width);
    // The labels stand before the lines.
    this.svg.replaceChildren(...this.lines(samples, width, top), ...this.grid(width, peak > 0 ? top : null));
    this.svg.append(...this.past(samples, width, since));
    this.describe(samples);
  }

  get base() {
    const bottom = HEIGHT - MARGIN.bottom;
    return this.series.length > 1 ? (MARGIN.top + bottom) / 2 : bottom;
  }

  // Says why the left part is empty.
  past(samples, width, since) {
    if (samples.length === 0) return [];
    const end = this.x(samples[0], samples, width);
    return end < PAST_WIDTH ? [] : [label(end - 6, this.base - 6, `${since} →`, "end")];
  }

  x(sample, samples, width) {
    return (width - MARGIN.right) * (1 - (samples.at(-1).at - sample.at) / SPAN);
  }

  // `top`: null where there is nothing to measure by.
  grid(width, top) {
    const base = this.base;
    const bottom = HEIGHT - MARGIN.bottom;
    const half = base - (base - MARGIN.top) / 2;
    const line = (y, name) => shape("line", { x1: 0, x2: width, y1: y, y2: y, class: name });
    const shapes = [line(MARGIN.top, "grid"), line(base, "axis")];
    const scale = ({ label }) => [top === null ? "" : short(this.format(top)), label].join(" ").trim();
    shapes.push(label(0, MARGIN.top + 11, scale(this.series[0])));
    if (this.series.length > 1) shapes.push(line(bottom, "grid"), label(0, bottom - 4, scale(this.series[1])));
    else shapes.push(line(half, "grid"));
    for (const minutes of [5, 4, 3, 2, 1, 0]) {
      const x = width * (1 - minutes / 5);
      const anchor = minutes === 5 ? "start" : minutes === 0 ? "end" : "middle";
      shapes.push(label(x, HEIGHT - 4, minutes === 5 ? "−5 min" : minutes ? `−${minutes}` : "now", anchor));
    }
    return shapes;
  }

  lines(samples, width, top) {
    const base = this.base;
    return this.series.flatMap(({ key }, index) => {
      const scale = ((index ? 1 : -1) * (base - MARGIN.top)) / top;
      const runs = unbroken(samples).map((run) =>
        run.map((sample) => `${this.x(sample, samples, width).toFixed(1)},${(base + sample[key] * scale).toFixed(1)}`));
      return runs.flatMap((points, run) => {
        const [first, last] = [points[0], points.at(-1)].map((point) => point.split(",")[0]);
        const area = `M${first},${base} L${points.join(" ")} L${last},${base} Z`;
        return [
          shape("path", { d: area, class: `area series-${index}` }),
          shape("polyline", { points: points.join(" "), class: `line series-${index}`, "data-run": run }),
        ];
      });
    });
  }

  describe(samples) {
    const phrases = this.series.map(({ key, label }) => {
      const values = samples.map((sample) => sample[key]);
      const now = this.format(values.at(-1) ?? 0);
      const peak = this.format(Math.max(...values, 0));
      return { brief: label ? `${label} ${now}` : `peak ${peak}`, whole: `${label ?? ""} now ${now}, peak ${peak}` };
    });
    const brief = phrases.map((phrase) => phrase.brief).join(" · ");
    this.reading.textContent = samples.length ? brief : "no data yet";
    const whole = phrases.map((phrase) => phrase.whole.trim()).join("; ");
    this.svg.setAttribute("aria-label", `${this.title} over the last five minutes: ${whole}`);
  }
}

function unbroken(samples) {
  const runs = [];
  for (const sample of samples) {
    const run = runs.at(-1);
    if (run && sample.at - run.at(-1).at < GAP) run.push(sample);
    else runs.push([sample]);
  }
  return runs;
}

const IN_AND_OUT = [
  { key: "received", label: "in" },
  { key: "sent", label: "out" },
];

export class Charts {
  constructor() {
    this.samples = new Samples("since this page was opened");
    this.charts = [
      new Chart("chart-active", "Active connections", [{ key: "active" }], count),
      new Chart("chart-lines", "Lines per second", [{ key: "lines" }], rate),
      new Chart("chart-bytes", "Bytes per second", IN_AND_OUT, bytes),
    ];
    new ResizeObserver(() => this.draw()).observe(document.getElementById("charts"));
  }

  // Returns the rates since the status before, or null where there is nothing yet to compare with.
  add(status) {
    if (this.samples.areNotOf(status)) this.restart();
    const rates = this.samples.add(status);
    if (rates && !document.hidden) this.draw();
    return rates;
  }

  // Asks echod for what this page has not seen. Without an answer the charts go on with what it has.
  async recall() {
    const { samples } = this;
    try {
      samples.merge(await call("GET", "ui/history"));
    } catch {
      return;
    }
    if (!document.hidden) this.draw();
  }

  // Another process answers.
  restart() {
    // What is still being asked for goes to the samples of the old process.
    this.samples = new Samples("since this process was found");
    this.draw();
    this.recall();
  }

  draw() {
    const { points, since } = this.samples;
    for (const chart of this.charts) chart.draw(points, since);
  }
}
