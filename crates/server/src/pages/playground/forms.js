// Forms are requests. What a form asks is in its attributes:
//
//   data-ask      "POST /v1/login"; ":name" in the path is taken from the values
//   data-with     "email session_id:sign_up": values beside its fields, `field` or `field:source`
//   data-const    "action:suspend": a value that is always the same
//   data-bearer   as who is signed in
//   data-client   as this client, which is then the selected one
//   data-keep     "session_id:sign_up": a field of the answer to remember, and under which name
//   data-drops    what is over after a yes
//   data-forgets  fields that are emptied after a yes
//   data-expects  the field that the mailed code is for
//   data-next     where the focus goes after a yes, if data-next-if (see WHEN) allows

import { after } from './after.js';
import { ask } from './api.js';
import { countdown } from './clock.js';
import { all, at, goTo, make } from './dom.js';
import { changed, client, held, memory, tell } from './memory.js';

const pairs = (list = '') => list.split(' ').filter(Boolean).map((pair) => {
  const [field, source] = pair.split(':');
  return [field, source ?? field];
});

/// What `data-next-if` may ask for.
const WHEN = {
  second: ({ data }) => Boolean(data && !data.token && (data.has2Fa || data.login)),
  mailed: ({ data }) => Boolean(data?.mailed),
};

/// The values of a form: what it is told to take along, and its own fields that are not empty.
function values(form, as) {
  const found = {};
  for (const [field, source] of pairs(form.dataset.with)) {
    const value = held(source, as);
    if (value) found[field] = value;
  }
  for (const [field, value] of pairs(form.dataset.const)) found[field] = value;
  for (const field of form.elements) {
    if (!field.name || field.type === 'radio') continue;
    if (field.type === 'checkbox' ? field.checked : field.value) found[field.name] = field.type === 'checkbox' ? true : field.value;
  }
  return found;
}

/// What a form asks.
function request(form) {
  const as = form.dataset.client ?? memory.selected;
  const [method, pattern] = form.dataset.ask.split(' ');
  const body = values(form, as);
  const path = pattern.replace(/:(\w+)/g, (_, name) => {
    const value = body[name] ?? 'none';
    delete body[name];
    return encodeURIComponent(value);
  });
  const bodied = method === 'POST';
  return { method, path, body: bodied ? body : undefined, as, bearer: 'bearer' in form.dataset };
}

/// The proof that a form with kinds of proof holds, in the fields the server takes.
export function proof(form) {
  const kind = form.elements.kind.value;
  const code = form.elements.code.value;
  if (kind === 'password') return { password: memory.person.password };
  if (kind === 'mail') return { token: code };
  return kind === 'recovery' ? { code, is_recovery: true } : { code };
}

/// Sends a request for a card, shows what was said there, and does what follows from it.
export async function perform(card, question, form) {
  if (card.getAttribute('aria-busy') === 'true') return null;
  card.setAttribute('aria-busy', 'true');
  all('[aria-invalid]', card).forEach(unblame);
  let answer;
  try {
    answer = await ask(question);
    if (answer.ok && form) remember(form, answer);
    await after(answer);
    changed();
  } finally {
    card.removeAttribute('aria-busy');
  }
  show(card, answer);
  tell('done', answer);
  if (!answer.ok) blame(form ?? card, answer);
  else if (form?.dataset.next && (WHEN[form.dataset.nextIf] ?? (() => true))(answer)) goTo(at(form.dataset.next));
  return answer;
}

function remember(form, { data, as }) {
  const { begun } = client(as);
  for (const [field, name] of pairs(form.dataset.keep)) if (data?.[field]) begun[name] = data[field];
  for (const [name] of pairs(form.dataset.drops)) delete begun[name];
  for (const [id] of pairs(form.dataset.forgets)) at(id).value = '';
  if (form.dataset.expects) memory.expecting = form.dataset.expects;
  // A code is spent, or worthless.
  for (const field of all('input.code', form)) field.value = '';
}

/// What the server said, at the foot of the card.
export function show(card, answer) {
  const result = card.querySelector('.result');
  const verdict = answer.ok ? 'Yes' : 'No';
  result.className = `result ${answer.ok ? 'yes' : 'no'}`;
  result.dataset.status = answer.status;
  result.dataset.turn = Number(result.dataset.turn ?? 0) + 1;
  result.replaceChildren(make('b', '', `${verdict} · ${answer.status || 'no answer'}`), ` ${answer.message || 'Done.'}`, ...needs(answer));
  const more = card.querySelector('.more');
  more.replaceChildren(...waits(answer), ...facts(answer.data));
  more.hidden = !more.childElementCount;
}

/// What the server wants first, with the way there.
const WAYS = {
  enrol_factor: 'card-enrol', verify_address: 'card-sign-up', regenerate_recovery_codes: 'card-drawer', change_password: 'card-password',
};
function needs({ raw }) {
  const link = (id, text) => Object.assign(make('a', '', text), { href: `#${id}` });
  const { step_up: stepUp, required } = raw?.data ?? {};
  const lead = (text, links) => [` ${text} `, ...links.flatMap((one, n) => (n ? [', ', one] : [one])), '.'];
  if (stepUp?.length) return lead(`Asked for: ${stepUp.join(', ')}.`, [link('card-step-up', 'Prove it again')]);
  return required?.length ? lead('First:', required.map((one) => link(WAYS[one] ?? 'account', one.replaceAll('_', ' ')))) : [];
}

/// Countdowns: to the next try, and to the end of what was given.
function waits(answer) {
  const { ok, until, rule, data } = answer;
  const found = [];
  if (until && ok) found.push(countdown(until, `“${rule}” is used up: again in`, `“${rule}” has room again.`));
  else if (until) found.push(countdown(until, `Allowed again${rule ? ` (“${rule}”)` : ''} in`, 'Allowed again now.'));
  if (ok && Number(data?.expires_in ?? data?.expiresIn)) {
    const ends = answer.at + 1000 * Number(data.expires_in ?? data.expiresIn);
    found.push(countdown(ends, 'What was given is good for another', 'What was given has expired.'));
  }
  return found.map((one) => make('p', 'wait', one));
}

/// The plain fields of an answer. Long tokens are shown as what they are and how they begin.
function facts(data) {
  const plain = (value) => value === null || ['string', 'number', 'boolean'].includes(typeof value);
  const shown = Object.entries(data ?? {}).filter(([name, value]) => name !== 'qr_svg'
    && (plain(value) || (Array.isArray(value) && value.every(plain)) || name === 'recovery'));
  if (!shown.length) return [];
  return [make('dl', 'facts', ...shown.map(([name, value]) => make('div', '', make('dt', '', name), make('dd', '', brief(value)))))];
}
function brief(value) {
  if (Array.isArray(value)) return value.length ? value.join(', ') : 'none';
  if (value && typeof value === 'object') return JSON.stringify(value);
  const text = String(value);
  return text.length > 48 ? `${text.slice(0, 24)}…` : text || '(empty)';
}

/// Marks the fields the server found wrong, and moves the focus to the first.
function blame(form, { errors }) {
  const found = Object.entries(errors).map(([name, whys]) => [fieldOf(form, name), whys.join(' ')]).filter(([field]) => field);
  for (const [field, why] of found) {
    const note = make('p', 'wrong', why);
    note.id = `${field.id}-wrong`;
    field.setAttribute('aria-invalid', 'true');
    field.setAttribute('aria-describedby', note.id);
    field.after(note);
  }
  found[0]?.[0].focus();
}
const fieldOf = (form, name) => form.querySelector(`input[name="${name}"]:not([type=radio])`)
  ?? (['token', 'code'].includes(name) && 'proof' in form.dataset ? form.elements.code : null);
function unblame(field) {
  at(`${field.id}-wrong`)?.remove();
  field.removeAttribute('aria-invalid');
  field.removeAttribute('aria-describedby');
}

export function startForms() {
  for (const card of all('.card')) {
    const result = make('p', 'result');
    result.setAttribute('role', 'status');
    const more = make('div', 'more');
    more.hidden = true;
    card.append(result, more);
  }
  document.addEventListener('submit', (event) => {
    event.preventDefault();
    const form = event.target;
    if (!form.dataset.ask) return;
    if (form.dataset.client) memory.selected = form.dataset.client;
    perform(form.closest('.card'), request(form), form);
  });
}
