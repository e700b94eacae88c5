// Requests to the admin API, by URLs relative to the page, which may be below a path prefix.

export class Problem extends Error {}

// In memory only: not in storage, not in a URL.
let token = null;
let askForToken = async () => null;

export function onTokenNeeded(ask) {
  askForToken = ask;
}

// The JSON of the answer. Throws a Problem whose message is what the server says to do.
export async function call(method, path, parameters = {}) {
  for (;;) {
    const answer = await send(method, path, parameters);
    if (answer.ok) return answer.json();
    const detail = await detailOf(answer);
    // Reading needs no token of echod's: it is a proxy that asks for one.
    if (answer.status !== 401 || method === "GET") throw new Problem(detail);
    token = await askForToken(token !== null);
    if (token === null) throw new Problem("Nothing was changed: no token was entered.");
  }
}

async function send(method, path, parameters) {
  const named = Object.entries(parameters).filter(([, value]) => value !== "" && value != null);
  const query = new URLSearchParams(named).toString();
  const headers = token !== null && method !== "GET" ? { Authorization: `Bearer ${token}` } : {};
  try {
    return await fetch(query ? `${path}?${query}` : path, { method, headers, cache: "no-store" });
  } catch {
    throw new Problem("echod does not answer.");
  }
}

async function detailOf(answer) {
  try {
    return (await answer.json()).detail ?? `The server answered with status ${answer.status}.`;
  } catch {
    return `The server answered with status ${answer.status}.`;
  }
}
