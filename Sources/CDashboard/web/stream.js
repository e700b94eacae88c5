// The live data: server-sent events, watched for silence.

// The server sends something each second. Three missing are a break, whatever TCP thinks.
const SILENCE = 3500;
const RETRY = 2000;

// Whether a status is of another process than an earlier one. In a container each may have the same number.
export const isAnother = (status, earlier) =>
  status.pid !== earlier.pid || status.uptime_ms < earlier.uptime_ms;

// Calls `onStatus(status)` for each event, `onDone(status)` for the last of a process, and `onBroken()` when
// nothing comes any more. It goes on trying until the page is closed.
export function follow({ onStatus, onDone, onBroken }) {
  let source = null;
  let lastHeard = performance.now();
  let ended = null;

  function hear(event) {
    lastHeard = performance.now();
    const status = JSON.parse(event.data);
    // The process that said `done` may still take a new stream for an instant.
    if (ended === null || isAnother(status, ended)) onStatus(status);
  }

  function open() {
    source = new EventSource("events");
    source.addEventListener("state", hear);
    source.addEventListener("totals", hear);
    source.addEventListener("done", (event) => {
      ended = JSON.parse(event.data);
      onDone(ended);
      again();
    });
    source.onerror = () => {
      if (ended === null) onBroken();
      // A browser retries a lost connection, but not an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) again();
    };
  }

  function again() {
    source.close();
    setTimeout(open, RETRY);
  }

  setInterval(() => {
    if (ended === null && performance.now() - lastHeard > SILENCE) onBroken();
  }, 500);
  open();
  return {
    // A new process answers: the end of the old one is no longer what is shown.
    forget() {
      ended = null;
    },
  };
}
