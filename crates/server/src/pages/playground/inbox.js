// The mail that was sent, to anybody. A code goes into its field by a click; so does the token of a link.

import { hour } from './clock.js';
import { all, at, button, fill, make, prepend, words } from './dom.js';
import { memory, on } from './memory.js';

/// Which fields a message's code may be for; the one that was asked for last, else the first.
const CODES = {
  sign_up_code: ['sign-up-code', 'auth-code'],
  sign_in_code: ['link-code'],
  second_factor_code: ['second-code'],
  recovery_code: ['forgot-code'],
  factor_recovery_code: ['recover-code'],
  step_up_code: ['step-up-code'],
  address_change_code: ['email-code'],
};
/// Which field a link's token is for, by the page it leads to.
const LINKS = [
  ['/auth/register/link', 'sign-up-link'],
  ['/v1/magic-link', 'link-token'],
  ['/v1/forgot-password', 'forgot-link'],
  ['/v1/two-factor/recover/cancel', 'recover-cancel'],
];

const MOST = 40;
let newest = 0;

function fieldFor({ kind }) {
  const fits = CODES[kind];
  if (!fits) return memory.expecting;
  return fits.includes(memory.expecting) ? memory.expecting : fits[0];
}

function use(message) {
  const field = fieldFor(message);
  if (field) fill(field, message.code, 'mail');
  else navigator.clipboard?.writeText(message.code);
}

function link(message) {
  const url = new URL(message.link);
  const open = Object.assign(make('a', '', 'Open the link'), { href: message.link, target: '_blank', rel: 'noopener' });
  open.append(make('span', 'visually-hidden', ' in a new tab'));
  const token = new URLSearchParams(url.hash.slice(1)).get('token');
  const field = LINKS.find(([path]) => url.pathname.endsWith(path))?.[1];
  const here = field && button('Use its token', () => fill(field, token), 'small');
  return make('div', 'row tight', here, open);
}

function item(message) {
  const shown = make('li', '', make('div', 'mail-head', make('b', '', words(message.kind)), make('span', 'dim', ` to ${message.to}`)));
  if (message.code) {
    const take = button('Use the code', () => use(message), 'small');
    take.setAttribute('aria-label', `Use the code ${message.code}`);
    shown.append(make('div', 'row tight', make('code', 'code', message.code), take));
  }
  if (message.link) shown.append(link(message));
  const times = [message.sent_at, message.expires_at].filter(Boolean).map((time) => hour(Date.parse(time)));
  shown.append(make('div', 'dim small', `${times[0]}${times[1] ? `, good until ${message.expires_at.slice(0, 10) === message.sent_at.slice(0, 10) ? times[1] : message.expires_at.replace('T', ' ').replace('Z', '')}` : ''}`));
  shown.dataset.kind = message.kind;
  return shown;
}

export async function readMail() {
  let messages;
  try { ({ messages } = await (await fetch('dev/mail')).json()); } catch { return; }
  // A server that was started anew counts anew.
  if (messages.length && Number(messages.at(-1).id) < newest) { newest = 0; at('mail').replaceChildren(); }
  const fresh = messages.filter((message) => Number(message.id) > newest).slice(-MOST);
  if (!fresh.length) return;
  newest = Number(fresh.at(-1).id);
  for (const message of fresh) prepend(at('mail'), item(message), MOST);
  at('no-mail').hidden = true;
  const { kind, to } = fresh.at(-1);
  at('mail-said').textContent = `New mail to ${to}: ${words(kind)}.`;
  for (const count of all('[data-count=mail]')) count.textContent = String(messages.length);
}

export function startInbox() {
  on('answered', readMail);
  on('moved', readMail);
  setInterval(readMail, 3000);
  return readMail();
}
