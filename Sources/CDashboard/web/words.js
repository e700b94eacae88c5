// The words that people read for the API's values.

const WORDS = {
  state: {
    starting: "Starting",
    serving: "Serving",
    lame_duck: "Lame duck",
    draining: "Draining",
    forcing: "Forcing",
    drained: "Drained",
    exiting: "Exiting",
    // No state of the API's: only the page outlives the process.
    exited: "Exited",
  },
  sentence: {
    starting: "Opening the listeners.",
    serving: "Accepting clients and answering them.",
    lame_duck: 'Reporting "not ready", but still accepting clients until the delay ends.',
    draining: "New clients are refused. What was received is answered, then each connection is closed.",
    forcing: "The time is up. The connections that are left are cut.",
    drained: "No connection is left. The process stays alive, and Undrain makes it serve again.",
    exiting: "The process is ending.",
    exited: "The process has ended.",
  },
  connection: { open: "open", closing: "closing", half_closed: "half closed", closed: "closed" },
  // After "waits for".
  blocker: {
    unread_input: "its input to be read",
    partial_line: "the end of a line",
    peer_read: "the client to read",
    peer_close: "the client to close",
    spread_turn: "its turn",
  },
  reason: {
    peer_closed: "closed by the client",
    drained: "drained",
    idle: "idle too long",
    line_too_long: "line too long",
    invalid_utf8: "invalid UTF-8",
    admin_closed: "closed by an admin",
    reset_by_peer: "reset by the client",
    write_stalled: "client did not read",
    forced: "cut by a drain",
    refused: "refused, limit reached",
    internal_error: "failed inside echod",
  },
  result: {
    clean: "clean",
    forced: "forced: connections were cut",
    lost: "lost: bytes were not delivered",
    undrained: "undrained",
  },
  intent: { hold: "stay alive", exit: "exit" },
  // Only a process that is about to exit has an exit code.
  "exit-code": { hold: "Would exit with", exit: "Exit code" },
  mode: { wait: "wait", close: "close", abort: "abort" },
  queue: { lossless: "every waiting client served", best_effort: "best effort", handed_over: "handed over" },
  trigger: { api: "admin API", prestop: "preStop hook" },
};

export const values = (kind) => Object.keys(WORDS[kind]);

// A value that this page does not know, of another echod's, is shown as it is.
export function word(kind, value) {
  const known = WORDS[kind];
  if (Object.hasOwn(known, value)) return known[value];
  return kind === "trigger" ? value.replace(/^signal:/, "signal ") : value;
}
