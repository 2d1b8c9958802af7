// What the pretend clients hold, who is played, and what that person owns. It survives a reload, not the tab.

/// Everything that happens is told here: `answered`, `changed`, `moved` (the clock).
export const bus = new EventTarget();
export const tell = (name, detail) => bus.dispatchEvent(new CustomEvent(name, { detail }));
export const on = (name, then) => bus.addEventListener(name, (event) => then(event.detail));

export const CLIENTS = { browser: 'This browser', second: 'Second device', stranger: 'A stranger' };

/// A client that was never here: no session, no device token, nothing begun.
const fresh = () => ({ token: null, me: null, second: null, devices: {}, begun: {}, pending: null, required: [], gone: false });

const DEFAULTS = { email: 'jo@example.com', password: 'MyPassword1!', name: 'Jo Doe' };
const OTHERS = ['Jo Doe', 'Ada Moss', 'Lin Park', 'Max Ross', 'Eva Lund', 'Tom Reed'];

const kept = (() => {
  try { return JSON.parse(sessionStorage.getItem('playground')) ?? {}; } catch { return {}; }
})();

export const memory = {
  selected: kept.selected ?? 'browser',
  clients: { browser: fresh(), second: fresh(), stranger: fresh(), ...kept.clients },
  person: { ...DEFAULTS, ...kept.person },
  people: kept.people ?? 0,
  // By e-mail address: what the pretend phone scanned, and what lies in the drawer.
  phone: kept.phone ?? {},
  drawer: kept.drawer ?? {},
  // The field that the next mailed code is for.
  expecting: kept.expecting ?? null,
};

export function changed() {
  try { sessionStorage.setItem('playground', JSON.stringify(memory)); } catch { /* A private window: then not. */ }
  tell('changed');
}

export const client = (id = memory.selected) => memory.clients[id];

/// The address whose phone and drawer are meant: that of who is signed in, else that of the card.
export const owner = () => client().me?.email ?? memory.person.email;

/// Where a value of a request comes from: the person, or what the client holds.
export function held(source, id) {
  if (source in memory.person) return memory.person[source];
  if (source === 'device_token') return client(id).devices[memory.person.email];
  return client(id).begun[source];
}

/// The next person, whom no server has seen.
export function somebodyNew() {
  memory.people += 1;
  const name = OTHERS[memory.people % OTHERS.length];
  const round = Math.floor(memory.people / OTHERS.length);
  const email = `${name.split(' ')[0].toLowerCase()}${round || ''}@example.com`;
  memory.person = { ...DEFAULTS, name, email };
  changed();
}

/// A client is signed in no more. What it was trusted with it keeps.
export function leave(id) {
  Object.assign(client(id), { token: null, me: null, second: null, pending: null, required: [], begun: {} });
}

/// What somebody without a session may have begun, by the stage that it is; what leads furthest first.
const BEGUN = { lost: 'factor_lost', second: 'second_factor', reset: 'reset', forgot: 'recovery_mail', sign_in: 'sign_in_code', sign_up: 'sign_up_code' };

/// What a client is at: the stage of the library's own map that goes with what it holds.
export function standing(id = memory.selected) {
  const { token, begun, required, second, gone } = client(id);
  if (token && begun.enrolling) return 'enrolling';
  if (token && begun.change_email) return 'new_address';
  if (token) return required.length ? 'must_act' : 'signed_in';
  const [, stage] = Object.entries(BEGUN).find(([name]) => (name === 'second' ? second : begun[name])) ?? [];
  return stage ?? (gone ? 'gone' : 'outside');
}
