// The playground: puts the parts together. See forms.js for how a card becomes a request.

import { startAfter } from './after.js';
import { look } from './api.js';
import { startAttack } from './attack.js';
import { startClock } from './clock.js';
import { all, at, goTo, showChapterOf, words } from './dom.js';
import { perform, proof, startForms } from './forms.js';
import { startInbox } from './inbox.js';
import { startLists } from './lists.js';
import { startLog } from './log.js';
import { startMachine, title } from './machine.js';
import { CLIENTS, changed, client, memory, on, somebodyNew, standing } from './memory.js';
import { startPhone } from './phone.js';

const FIELDS = { email: 'person-email', password: 'person-password', name: 'person-name' };

/// Who is played, through what, and how that stands.
function drawWho() {
  for (const [name, id] of Object.entries(FIELDS)) if (document.activeElement !== at(id)) at(id).value = memory.person[name];
  for (const one of all('[name=client]')) one.checked = one.value === memory.selected;
  for (const one of all('[data-standing]')) {
    const stage = standing(one.dataset.standing);
    one.textContent = stage === 'outside' ? '' : title(stage);
  }
  const { me, second, pending, token, required, devices } = client();
  const state = standing();
  at('state').textContent = title(state);
  at('state').dataset.state = state;
  const trusted = devices[memory.person.email] ? ' It holds a device token.' : '';
  const who = token && me ? `${me.email}, by ${me.amr.join(' + ')}, level ${me.aal}, until ${me.expires_at.replace('T', ' ').replace('Z', '')}.`
    : token ? `A session, which can do nothing before: ${required.map(words).join(', ') || 'it is asked for'}.`
      : second ? `The first factor was right; asked for: ${second.offered.map(words).join(' or ')}.`
        : 'Nobody is signed in here.';
  const again = token && pending ? ' It is asked to prove itself again.' : '';
  at('standing-text').textContent = who + again + trusted;
  for (const note of all('.needs')) note.hidden = Boolean(token);
  at('repeat').hidden = !pending;
  at('repeat').textContent = pending ? `Repeat ${pending.method} ${pending.path}` : 'Repeat';
}

function startWho() {
  for (const [name, id] of Object.entries(FIELDS)) {
    at(id).addEventListener('input', () => { memory.person[name] = at(id).value; changed(); });
  }
  for (const one of all('[name=client]')) one.addEventListener('change', () => { memory.selected = one.value; changed(); });
  at('somebody-new').addEventListener('click', () => {
    somebodyNew();
    at('standing-text').textContent = `You play ${memory.person.name} now, whom this server may not know. ${CLIENTS[memory.selected]} holds what it held.`;
    goTo(at('person-email'));
  });
}

/// The two forms that take whichever proof there is.
function startProofs() {
  at('second').addEventListener('submit', () => {
    const { login } = client().second ?? {};
    const { email, password } = memory.person;
    const device = client().devices[email];
    const [path, rest] = login ? ['/v1/two-factor/prove', { login }]
      : ['/v1/authenticate', { email, password, ...(device ? { device_token: device } : {}) }];
    perform(at('card-second'), { method: 'POST', path, body: { ...rest, ...proof(at('second')) } }, at('second'));
  });
  at('step-up').addEventListener('submit', async () => {
    const question = { method: 'POST', path: '/v1/step-up', body: proof(at('step-up')), bearer: true };
    const answer = await perform(at('card-step-up'), question, at('step-up'));
    if (answer?.ok && client().pending) goTo(at('repeat'));
  });
  at('repeat').addEventListener('click', async () => {
    const { pending } = client();
    client().pending = null;
    await perform(at('card-step-up'), pending);
    goTo(at('h-step-up'));
  });
}

/// The chapter or card that the address, or a link of the page, names.
function follow(hash) {
  const target = at(hash.slice(1));
  if (!target?.closest('.chapter')) return;
  showChapterOf(target);
  goTo(target.matches('h2, h3') ? target : target.querySelector('h2, h3'));
  target.scrollIntoView({ block: 'start' });
}

for (const heading of all('h3')) heading.tabIndex = -1;
startForms();
startWho();
startProofs();
startPhone();
startLists();
startAttack();
startAfter();
on('changed', drawWho);
showChapterOf(at('arrive'));
addEventListener('hashchange', () => follow(location.hash));
// A link to where the address points already changes no address.
document.addEventListener('click', ({ target }) => {
  const link = target.closest?.('a[href^="#"]');
  if (link && link.hash === location.hash) follow(link.hash);
});
await Promise.all([startClock(), startInbox(), startLog(), startMachine()]);
await look();
follow(location.hash);
document.documentElement.dataset.ready = 'yes';
