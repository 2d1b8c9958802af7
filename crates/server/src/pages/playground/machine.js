// The state machine as the server draws it, with the state that the selected client is in lit.

import { at, make, words } from './dom.js';
import { CLIENTS, memory, on, standing } from './memory.js';

/// This page's words for where a client is, and the names a drawing may have for it, the best first.
const STATES = {
  signed_out: ['signed_out', 'anonymous', 'nobody', 'start'],
  signing_up: ['signing_up', 'sign_up', 'code_sent', 'sign_up_started', 'unverified'],
  link_mailed: ['link_mailed', 'sign_in_started', 'code_sent', 'signing_in'],
  second_factor: ['second_factor', 'first_factor_proven', 'half_signed_in', 'password_proven'],
  recovering: ['recovering', 'recovery_started', 'recovery', 'code_sent'],
  reset_granted: ['reset_granted', 'recovery_granted', 'granted', 'recovering'],
  signed_in: ['signed_in'],
  restricted: ['restricted', 'must_do', 'signed_in'],
  step_up_required: ['step_up_required', 'step_up', 'signed_in'],
};

/// The library's name of what an endpoint asks.
const OPERATIONS = [
  [/^POST \/(v1\/create-account|auth\/register)$/, ['sign_up']],
  [/^POST \/v1\/verify-email-otp$/, ['verify_and_enter', 'verify']],
  [/^POST \/auth\/validate\/registration$/, ['verify']],
  [/^POST \/v1\/resend-email-otp$/, ['resend_sign_up', 'resend']],
  [/^PUT \/auth\/resend/, ['resend']],
  [/^DELETE \/auth\/otp/, ['cancel']],
  [/^POST \/auth\/register\/redeem$/, ['redeem_sign_up']],
  [/^POST \/(v1\/login|v1\/authenticate|auth\/login)$/, ['password_sign_in']],
  [/^POST \/v1\/magic-link$/, ['sign_in']],
  [/^POST \/v1\/magic-link\/redeem$/, ['redeem_sign_in', 'verify_and_enter']],
  [/^POST \/v1\/two-factor\/prove$/, ['prove_factor']],
  [/^POST \/v1\/forgot-password(\/resend)?$/, ['recover']],
  [/^POST \/v1\/forgot-password\/verify$/, ['verify_recovery', 'redeem_recovery', 'verify']],
  [/^POST \/v1\/reset-password$/, ['reset_password']],
  [/^POST \/v1\/two-factor\/recover$/, ['recover_factor', 'start_factor_recovery', 'begin_factor_reset']],
  [/^POST \/v1\/two-factor\/recover\/finish$/, ['finish_factor_recovery', 'finish_factor_reset']],
  [/^POST \/v1\/two-factor\/recover\/cancel$/, ['cancel_factor_recovery', 'cancel_factor_reset']],
  [/^GET \/v1\/me$/, ['check_session']],
  [/^GET \/v1\/sessions$/, ['list_sessions']],
  [/^(POST \/v1\/logout|DELETE \/v1\/sessions.*)$/, ['end_sessions']],
  [/^POST \/v1\/two-factor\/totp\/enroll$/, ['enrol_totp']],
  [/^POST \/v1\/two-factor\/totp\/confirm$/, ['confirm_totp']],
  [/^POST \/v1\/two-factor\/totp\/remove$/, ['remove_factor', 'remove_totp']],
  [/^POST \/v1\/two-factor\/email\/enable$/, ['enable_mailed_code']],
  [/^POST \/v1\/two-factor\/email\/disable$/, ['disable_mailed_code', 'remove_factor']],
  [/^POST \/v1\/two-factor\/recovery-codes$/, ['regenerate_recovery_codes']],
  [/^POST \/v1\/step-up/, ['step_up', 'confirm_action']],
  [/^POST \/v1\/change-password$/, ['change_password']],
  [/^POST \/v1\/change-email/, ['change_email', 'change_address']],
  [/^POST \/v1\/delete-account$/, ['delete_account']],
  [/^POST \/v1\/devices$/, ['trust_device']],
];

const LIT = `
  :host { display: block; color: var(--text); }
  svg { display: block; max-width: 100%; height: auto; font-family: system-ui, sans-serif; }
  .taken path, .taken line, .taken polyline { stroke: var(--mark); stroke-width: 2.5; }
  .taken text { fill: var(--mark); font-weight: 600; }
  .refused path, .refused line, .refused polyline { stroke: var(--bad); }
  .refused text { fill: var(--bad); }
  .current rect, .current ellipse, .current circle, .current polygon { fill: var(--mark-soft); stroke: var(--mark); stroke-width: 3; }
  .current text { fill: var(--text); font-weight: 700; }
`;

let root = null;
let last = null;

const first = (attribute, names) => names.map((name) => [...(root?.querySelectorAll(`[${attribute}="${name}"]`) ?? [])]).find((found) => found.length) ?? [];

function light() {
  const state = standing();
  const operation = last && OPERATIONS.find(([asked]) => asked.test(`${last.method} ${last.path}`))?.[1];
  const did = last ? ` Last: ${operation ? words(operation[0]) : `${last.method} ${last.path}`}, ${last.ok ? 'granted' : 'refused'}.` : '';
  at('machine-text').textContent = `${CLIENTS[memory.selected]}: ${words(state)}.${did}`;
  for (const one of root?.querySelectorAll('.current, .taken, .refused') ?? []) one.classList.remove('current', 'taken', 'refused');
  for (const one of first('data-state', STATES[state] ?? [state])) one.classList.add('current');
  if (operation) for (const one of first('data-operation', operation)) one.classList.add(last.ok ? 'taken' : 'refused');
}

/// Parses the drawing. Nothing in it can run; its own style goes in as a sheet, apart from the page's.
function mount(text) {
  // The policy refuses styles in a text, also while it is parsed: they are taken out before.
  const styles = [];
  const bare = text.replace(/<style[^>]*>([^]*?)<\/style>/g, (_, rules) => { styles.push(rules.replace(/<!\[CDATA\[|\]\]>/g, '')); return ''; })
    .replace(/\sstyle=(["'])/g, ' data-style=$1');
  const drawn = new DOMParser().parseFromString(bare, 'image/svg+xml').documentElement;
  if (drawn.localName !== 'svg') return false;
  for (const one of drawn.querySelectorAll('script, foreignObject')) one.remove();
  for (const one of drawn.querySelectorAll('[data-style]')) one.style.cssText = one.dataset.style;
  root = at('diagram').attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [...styles, LIT].map((rules) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    return sheet;
  });
  root.append(document.importNode(drawn, true));
  at('diagram').hidden = false;
  return true;
}

export async function startMachine() {
  on('changed', light);
  on('answered', (answer) => { last = answer; light(); });
  light();
  try {
    const answer = await fetch('dev/flows.svg');
    if (answer.ok && mount(await answer.text())) light();
    else at('machine').append(make('p', 'dim', `This server does not draw its state machine yet (GET /dev/flows.svg: ${answer.status}).`));
  } catch { /* No drawing: the words above it do. */ }
}
