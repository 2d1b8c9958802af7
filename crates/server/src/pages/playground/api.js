// One request and its answer, in one shape for both families. Whoever wants to know is told.

import { now } from './clock.js';
import { changed, client, leave, memory, tell } from './memory.js';

/// How the tightest limit stands: `"name";r=0;t=60`.
const LIMIT = /"([^"]+)";r=(\d+)(?:;t=(\d+))?/;

/// Asks. `quiet` is for what the page asks on its own: it is not shown.
export async function ask({ method, path, body, as = memory.selected, bearer = false, quiet = false }) {
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (bearer && client(as).token) headers.Authorization = `Bearer ${client(as).token}`;
  const asked = { method, path, body, as, bearer, quiet, at: now() };
  let response, json;
  try {
    response = await fetch(path.slice(1), { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    json = await response.json().catch(() => ({}));
  } catch (failure) {
    return told({ ...asked, ok: false, status: 0, message: 'The server could not be reached.', data: null, errors: {}, raw: String(failure) });
  }
  return told({ ...asked, ok: response.ok, status: response.status, ...said(json), ...limits(response), raw: json });
}

function told(answer) {
  if (!answer.quiet) tell('answered', answer);
  if (answer.status === 401 && answer.bearer) {
    leave(answer.as);
    changed();
  }
  return answer;
}

/// What was said, whichever family said it.
function said(json) {
  if (json.error && typeof json.error === 'object') {
    const { code, message, details } = json.error;
    const blamed = /^(\w+): (.*)$/.exec(details ?? '');
    const errors = code === 'VALIDATION_ERROR' && blamed ? { [blamed[1]]: [blamed[2]] } : code === 'INVALID_OTP' ? { otp: [details] } : {};
    return { message: `${details ?? message}.`, data: null, errors };
  }
  const data = json.data && !Array.isArray(json.data) ? json.data : null;
  return { message: json.message ?? '', data, errors: json.errors && !Array.isArray(json.errors) ? json.errors : {} };
}

/// Which limit stands tightest, and until when there is nothing left of it.
function limits(response) {
  const limit = LIMIT.exec(response.headers.get('RateLimit') ?? '');
  const retry = Number(response.headers.get('Retry-After')) || (limit && limit[2] === '0' ? Number(limit[3]) : 0);
  const fields = ['Retry-After', 'RateLimit', 'X-RateLimit-Remaining'].filter((name) => response.headers.has(name));
  return {
    rule: limit?.[1] ?? null,
    until: retry ? now() + 1000 * retry : null,
    fields: fields.map((name) => `${name}: ${response.headers.get(name)}`),
  };
}

/// Asks the server whether each client that holds a session still has it, and who it is.
export async function look() {
  for (const [as, one] of Object.entries(memory.clients)) {
    if (!one.token) continue;
    const { status, data } = await ask({ method: 'GET', path: '/v1/me', as, bearer: true, quiet: true });
    if (status === 200) Object.assign(one, { me: data, required: [] });
    if (status === 403) one.required = data?.required ?? one.required;
  }
  changed();
}
