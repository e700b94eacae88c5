// The last five minutes as the charts have them: samples of the counters, and the rates between them.

export const SPAN = 300_000;
// An event of a drain may follow the last by some milliseconds: too short for a rate.
const NEAREST = 500;
// An event may arrive so much later than an answer of ui/history that was made after it.
const LATEST = 10_000;

// `at`: the server's uptime in milliseconds.
const live = ({ uptime_ms, connections, lines, bytes }) =>
  ({ at: uptime_ms, active: connections.active, lines, received: bytes.received, sent: bytes.sent });

const kept = ({ uptime_ms, active, lines, received, sent }) =>
  uptime_ms.map((at, row) =>
    ({ at, active: active[row], lines: lines[row], received: received[row], sent: sent[row] }));

function rates(before, { at, active, lines, received, sent }) {
  const perSecond = (now, then) => (1000 * Math.max(0, now - then)) / (at - before.at);
  return {
    at,
    active,
    lines: perSecond(lines, before.lines),
    received: perSecond(received, before.received),
    sent: perSecond(sent, before.sent),
  };
}

// The samples of one process.
export class Samples {
  #samples = [];

  // `since`: what happened at the first of them.
  constructor(since) {
    this.since = since;
  }

  // Whether they are of another process than this status: of one that ended after it was asked for its history.
  areNotOf(status) {
    return this.#samples.at(-1)?.at > status.uptime_ms + LATEST;
  }

  // Takes a status. Returns the rates since the sample before, or null where there is nothing yet to compare with.
  add(status) {
    const sample = live(status);
    const before = this.#samples.at(-1);
    if (before && sample.at - before.at < NEAREST) return null;
    this.#samples.push(sample);
    this.#forgetOld();
    return before ? rates(before, sample) : null;
  }

  // Takes the answer of ui/history: up to its end echod knows better than this page, which may have missed something.
  merge(history) {
    const before = kept(history);
    const end = (before.at(-1)?.at ?? 0) + NEAREST;
    this.#samples = [...before, ...this.#samples.filter(({ at }) => at >= end)];
    this.since = "since echod started";
    this.#forgetOld();
  }

  // What is drawn: a point for each sample but the first.
  get points() {
    return this.#samples.slice(1).map((sample, index) => rates(this.#samples[index], sample));
  }

  #forgetOld() {
    const start = this.#samples.at(-1)?.at - SPAN;
    while (this.#samples[0]?.at < start) this.#samples.shift();
  }
}
