// What the pretend clients hold, who is played, and what that person owns. It survives a reload, not the tab.

/// Everything that happens is told here: `answered`, `changed`, `moved` (the clock).
export const bus = new EventTarget();
export const tell = (name, detail) => bus.dispatchEvent(new CustomEvent(name, { detail }));
export const on = (name, then) => bus.addEventListener(name, (event) => then(event.detail));

export const CLIENTS = { browser: 'This browser', second: 'Second device', stranger: 'A stranger' };

/// A client that was never here: no session, no device token, nothing begun.
const fresh = () => ({ token: null, me: null, second: null, devices: {}, begun: {}, pending: null, required: [] });

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

/// What a client is at, in one word of this page.
export function standing(id = memory.selected) {
  const one = client(id);
  if (one.token) return one.required.length ? 'restricted' : one.pending ? 'step_up_required' : 'signed_in';
  if (one.second) return 'second_factor';
  if (one.begun.reset) return 'reset_granted';
  if (one.begun.forgot) return 'recovering';
  if (one.begun.sign_in) return 'link_mailed';
  if (one.begun.sign_up) return 'signing_up';
  return 'signed_out';
}
