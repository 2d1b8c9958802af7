// Many requests in a row, as somebody sends them who guesses.

import { ask } from './api.js';
import { advanceTo } from './clock.js';
import { at, make } from './dom.js';
import { show } from './forms.js';
import { changed, client, memory, on } from './memory.js';

const digits = () => String(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000).padStart(6, '0');

/// What each kind of guess sends.
const GUESSES = {
  'POST /v1/login': (n) => ({ email: memory.person.email, password: `wrong guess ${n}` }),
  'POST /v1/verify-email-otp': () => ({ email: memory.person.email, session_id: client('browser').begun.sign_up ?? 'none', code: digits() }),
  'POST /v1/authenticate': () => ({ email: memory.person.email, password: memory.person.password, code: digits() }),
  'POST /v1/magic-link': () => ({ email: memory.person.email }),
};

/// The same answer several times in a row is one line.
function line(list, n, { status, message }) {
  const said = `${status} ${message}`;
  const before = list.lastElementChild;
  if (before?.dataset.said === said) before.firstElementChild.textContent = `${before.dataset.from}–${n}`;
  else {
    const made = make('li', status < 400 ? 'yes' : 'no', make('b', '', String(n)), ` ${said}`);
    Object.assign(made.dataset, { said, from: n });
    list.append(made);
  }
}

let until = null;
async function run(form) {
  const card = form.closest('.card');
  if (card.getAttribute('aria-busy') === 'true') return;
  card.setAttribute('aria-busy', 'true');
  const [method, path] = form.dataset.series.split(' ');
  const list = card.querySelector('.series');
  list.replaceChildren();
  const count = Math.min(50, Math.max(1, Number(at('guess-count').value) || 1));
  const tally = {};
  let answer;
  for (let n = 1; n <= count; n += 1) {
    answer = await ask({ method, path, body: GUESSES[form.dataset.series](n), as: form.dataset.client });
    tally[answer.status] = (tally[answer.status] ?? 0) + 1;
    line(list, n, answer);
  }
  card.removeAttribute('aria-busy');
  const sums = Object.entries(tally).map(([status, times]) => `${times} × ${status}`).join(', ');
  show(card, { ...answer, message: `${count} sent: ${sums}. The last: ${answer.message}`, data: null });
  changed();
}

export function startAttack() {
  document.addEventListener('submit', (event) => {
    if (event.target.dataset.series) run(event.target);
  });
  on('answered', (answer) => {
    if (answer.status === 429 && answer.path === '/v1/login') until = answer.until;
    at('to-retry').hidden = !until;
  });
  at('to-retry').addEventListener('click', async () => {
    await advanceTo(until);
    until = null;
    at('to-retry').hidden = true;
    at('card-guess').querySelector('[data-client=browser] button').focus();
  });
  at('to-ready').addEventListener('click', async () => {
    await advanceTo(Date.parse(at('ready-at').dateTime));
    at('to-ready').hidden = true;
    at('card-recover').querySelector('form button').focus();
  });
}
