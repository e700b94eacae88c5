// Requests to the admin API, by URLs relative to the page: it may stand below a prefix.

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
    // Reading needs no token: whoever asks for one then is not echod but a proxy before it.
    if (answer.status !== 401 || method === "GET") throw new Problem(detail);
    token = await askForToken(detail, token !== null);
    if (token === null) throw new Problem("Nothing was done: the token is missing.");
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
    return (await answer.json()).detail ?? `The answer was ${answer.status}.`;
  } catch {
    return `The answer was ${answer.status}.`;
  }
}
