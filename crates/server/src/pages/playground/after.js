// What follows from a yes: what the client now holds, and what the person now knows. No rule of the server is here.

import { look } from './api.js';
import { at, fill } from './dom.js';
import { client, leave, memory, on, owner } from './memory.js';

/// What each endpoint's yes means beyond what every yes means.
const AFTER = {
  'POST /v1/login': second,
  'POST /v1/magic-link/redeem': second,
  'POST /v1/logout': ({ as }) => leave(as),
  'POST /v1/delete-account': ({ as }) => {
    for (const things of belongings()) delete things[owner()];
    leave(as);
    client(as).gone = true;
  },
  'POST /v1/two-factor/totp/enroll': ({ data, as }) => {
    client(as).begun.enrolling = true;
    memory.phone[owner()] = data.secret;
    // As an image, so that nothing in it can run.
    at('qr').src = `data:image/svg+xml,${encodeURIComponent(data.qr_svg)}`;
    at('secret').textContent = data.secret.match(/.{1,4}/g).join(' ');
    at('enrolment').hidden = false;
  },
  'POST /v1/two-factor/totp/confirm': ({ data, as }) => {
    at('enrolment').hidden = true;
    delete client(as).begun.enrolling;
    keepCodes(data);
  },
  'POST /v1/two-factor/recovery-codes': ({ data }) => keepCodes(data),
  'POST /v1/two-factor/totp/remove': forgetApp,
  'POST /v1/two-factor/recover/finish': () => { forgetApp(); nothingLost(); },
  'POST /v1/two-factor/recover/cancel': nothingLost,
  'POST /v1/two-factor/recover': ({ data, as }) => {
    Object.assign(client(as), { second: null, begun: { ...client(as).begun, lost: true } });
    const waiting = data.ready_at && !data.mailed;
    at('to-ready').hidden = !waiting;
    at('ready-at').dateTime = at('ready-at').textContent = data.ready_at ?? '';
  },
  'POST /v1/change-password': ({ body }) => { memory.person.password = body.password; },
  'POST /v1/reset-password': ({ body }) => { memory.person.password = body.password; },
  'POST /v1/change-email/verify': ({ data }) => {
    const before = owner();
    for (const things of belongings()) {
      if (!(before in things)) continue;
      things[data.email] = things[before];
      delete things[before];
    }
    memory.person.email = data.email;
  },
};

/// What is kept by e-mail address.
const belongings = () => [memory.phone, memory.drawer, ...Object.values(memory.clients).map(({ devices }) => devices)];

/// What may have ended sessions, this client's or another's, or changed what they are worth.
const ENDS = /^(POST \/v1\/(logout|step-up$|change-|delete-|reset-|two-factor\/|verify-|login|authenticate|magic-link\/redeem)|DELETE \/v1\/|POST \/dev\/account)/;

export async function after(answer) {
  const { ok, method, path, data, body, as, raw } = answer;
  const one = client(as);
  // Each use of a device's token is answered by the next one, also where something else was wrong.
  const device = data?.device_token ?? raw?.device_token;
  if (device) one.devices[body?.email ?? one.me?.email ?? memory.person.email] = device;
  if (!ok) return refused(answer);
  one.gone = false;
  if (data?.token?.startsWith('sess_')) Object.assign(one, { token: data.token, second: null, begun: path === '/v1/step-up' ? one.begun : {} });
  if (one.pending?.path === path) one.pending = null;
  if (body?.is_recovery) memory.drawer[owner()] = (memory.drawer[owner()] ?? []).filter((code) => code !== body.code);
  AFTER[`${method} ${path}`]?.(answer);
  if (ENDS.test(`${method} ${path}`)) await look();
}

/// A no that says what would make it a yes: kept, so that the request can be repeated.
function refused({ status, raw, errors, method, path, body, as, bearer }) {
  const { step_up: stepUp, required } = raw?.data ?? {};
  if (errors.reset_token) delete client(as).begun.reset;
  if (status !== 403) return;
  if (stepUp) client(as).pending = { method, path, body, as, bearer };
  if (required) client(as).required = required;
}

/// A first factor was right, and a second is missing.
function second({ data, as }) {
  if (data.token) return;
  const offered = data.offered ?? [data.enable_email_login_token ? 'mailed_code' : 'totp'];
  client(as).second = { login: data.login ?? null, offered };
  const kind = { mailed_code: 'mail', recovery_code: 'recovery' }[offered[0]] ?? offered[0];
  const choice = document.querySelector(`#second [name=kind][value="${kind}"]`);
  if (choice) choice.checked = true;
  if (data.enable_email_login_token) memory.expecting = 'second-code';
}

/// The wait for a lost factor is over, whoever began it.
function nothingLost() {
  for (const one of Object.values(memory.clients)) delete one.begun.lost;
  at('to-ready').hidden = true;
}

function keepCodes(data) {
  memory.drawer[owner()] = data.recovery_codes ?? [];
}

function forgetApp() {
  delete memory.phone[owner()];
  delete memory.drawer[owner()];
}

/// Where a recovery code is of use now.
export function useRecoveryCode(code) {
  const one = client();
  fill(one.token ? 'step-up-code' : one.begun.reset ? 'forgot-proof' : 'second-code', code, 'recovery');
}

/// What the page behind a mailed link did: it asks on its own, and only the events tell.
export function startAfter() {
  on('event', ({ event }) => {
    if (event === 'recovery.factor_cancelled') nothingLost();
    if (['recovery.factor_cancelled', 'recovery.password_reset'].includes(event)) look();
  });
}
