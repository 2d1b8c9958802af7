// The state machine as the server draws it from the library's own table: lit is the stage that the selected client is in, and the
// arrow it took last.

import { at, button, make, words } from './dom.js';
import { CLIENTS, memory, on, standing } from './memory.js';

/// The library's name of what an endpoint asks; where there are two, the map knows which one leads there.
const OPERATIONS = [
  [/^POST \/(v1\/create-account|auth\/register)$/, ['sign_up']],
  [/^POST \/v1\/verify-email-otp$/, ['verify_and_enter']],
  [/^POST \/auth\/validate\/registration$/, ['verify']],
  [/^POST \/v1\/resend-email-otp$/, ['resend_sign_up']],
  [/^PUT \/auth\/resend/, ['resend']],
  [/^DELETE \/auth\/otp/, ['cancel']],
  [/^POST \/auth\/register\/redeem$/, ['redeem_sign_up']],
  [/^POST \/(v1\/login|v1\/authenticate|auth\/login)$/, ['password_sign_in', 'prove_factor']],
  [/^POST \/v1\/magic-link$/, ['sign_in']],
  [/^POST \/v1\/magic-link\/redeem$/, ['verify_and_enter', 'redeem_sign_in']],
  [/^POST \/v1\/two-factor\/prove$/, ['prove_factor']],
  [/^POST \/v1\/forgot-password$/, ['recover']],
  [/^POST \/v1\/forgot-password\/resend$/, ['resend']],
  [/^POST \/v1\/forgot-password\/verify$/, ['verify', 'redeem_recovery']],
  [/^POST \/v1\/reset-password$/, ['reset_password']],
  [/^POST \/v1\/two-factor\/recover$/, ['recover_factor']],
  [/^POST \/v1\/two-factor\/recover\/finish$/, ['reset_factors']],
  [/^POST \/v1\/two-factor\/recover\/cancel$/, ['cancel_factor_recovery']],
  [/^GET \/v1\/me$/, ['check_session']],
  [/^GET \/v1\/sessions$/, ['list_sessions']],
  [/^(POST \/v1\/logout|DELETE \/v1\/sessions.*)$/, ['end_sessions']],
  [/^GET \/v1\/two-factor$/, ['list_factors']],
  [/^POST \/v1\/two-factor\/totp\/enroll$/, ['enrol_totp']],
  [/^POST \/v1\/two-factor\/totp\/confirm$/, ['confirm_totp']],
  [/^POST \/v1\/two-factor\/totp\/remove$/, ['disable_totp']],
  [/^POST \/v1\/two-factor\/email\/enable$/, ['enable_mailed_code']],
  [/^POST \/v1\/two-factor\/email\/disable$/, ['disable_mailed_code']],
  [/^POST \/v1\/two-factor\/recovery-codes$/, ['regenerate_recovery_codes']],
  [/^POST \/v1\/step-up$/, ['step_up']],
  [/^POST \/v1\/step-up\/mail$/, ['send_step_up_code']],
  [/^POST \/v1\/change-password$/, ['change_password']],
  [/^POST \/v1\/change-email$/, ['change_address']],
  [/^POST \/v1\/change-email\/verify$/, ['verify']],
  [/^POST \/v1\/delete-account$/, ['delete_account']],
  [/^POST \/v1\/devices$/, ['trust_device']],
  [/^GET \/v1\/devices$/, ['list_devices']],
  [/^DELETE \/v1\/devices/, ['forget_devices']],
];

const LIT = `
  :host { display: block; color: var(--text); }
  svg { display: block; width: var(--width); max-width: none; height: auto; }
  .taken path { stroke: var(--mark); stroke-width: 3; }
  .taken text { fill: var(--mark); }
  .taken text.by { font-weight: 700; }
  .current rect { fill: var(--mark-soft); stroke: var(--mark); stroke-width: 3; }
  .current text { fill: var(--text); }
`;

/// The table, the drawing, what each client did last, and what it did when it last went anywhere.
let map = { states: [], arrows: [] };
let root = null;
const last = {};
const moved = {};

/// What a stage is called before people.
export const title = (stage) => map.states.find(({ state }) => state === stage)?.title ?? words(stage);

/// The arrows from one stage to another, the fewest: an endpoint may ask two things of the library in one request.
function way(from, to) {
  const paths = [[from]];
  for (const path of paths) {
    if (path.at(-1) === to) return path.slice(1).map((stage, n) => [path[n], stage]);
    for (const arrow of map.arrows) {
      if (arrow.from === path.at(-1) && !paths.some((other) => other.includes(arrow.to))) paths.push([...path, arrow.to]);
    }
  }
  return [];
}

/// What was asked of the library.
function operation({ method, path, from, to }) {
  const known = OPERATIONS.find(([asked]) => asked.test(`${method} ${path}`))?.[1];
  if (!known) return null;
  return known.find((name) => map.arrows.some((arrow) => arrow.from === from && arrow.to === to && arrow.operation === name)) ?? known[0];
}

function light() {
  const stage = standing();
  const [move, arrow] = [last[memory.selected], moved[memory.selected]];
  const by = move && operation(move);
  const went = move && move === arrow ? ` It led from “${title(move.from)}” to “${title(move.to)}”.` : '';
  const did = move ? ` Last: ${by ? words(by) : `${move.method} ${move.path}`}, ${move.ok ? 'granted' : 'refused'}.${went}` : '';
  at('machine-text').textContent = `${CLIENTS[memory.selected]}: ${title(stage)}.${did}`;
  if (!root) return;
  for (const one of root.querySelectorAll('.current, .taken, .by')) one.classList.remove('current', 'taken', 'by');
  root.querySelector(`[data-state="${stage}"]`)?.classList.add('current');
  for (const [from, to] of arrow ? way(arrow.from, arrow.to) : []) {
    for (const one of root.querySelectorAll(`[data-from="${from}"][data-to="${to}"]`)) {
      one.classList.add('taken');
      for (const text of one.querySelectorAll('text')) text.classList.toggle('by', text.textContent === words(operation(arrow) ?? ''));
    }
  }
  centre();
}

/// The drawing is larger than its window, which follows the stage. Where there is nothing to scroll, nothing happens.
function centre() {
  const frame = at('diagram');
  const box = root?.querySelector('.current')?.getBoundingClientRect();
  if (!box?.width || frame.closest('dialog')) return;
  const seen = frame.getBoundingClientRect();
  frame.scrollLeft += box.left + box.width / 2 - seen.left - seen.width / 2;
  frame.scrollTop += box.top + box.height / 2 - seen.top - seen.height / 2;
}

/// Parses the drawing. Nothing in it can run; its own style goes in as a sheet, apart from the page's.
function mount(text) {
  // The policy refuses styles in a text, also while it is parsed: they are taken out before.
  const styles = [];
  const bare = text.replace(/<style[^>]*>([^]*?)<\/style>/g, (_, rules) => { styles.push(rules); return ''; });
  const drawn = new DOMParser().parseFromString(bare, 'image/svg+xml').documentElement;
  if (drawn.localName !== 'svg') return;
  for (const one of drawn.querySelectorAll('script, foreignObject')) one.remove();
  root = at('diagram').attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [...styles, LIT].map((rules) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    return sheet;
  });
  root.append(document.importNode(drawn, true));
  for (const id of ['diagram', 'whole-map']) at(id).hidden = false;
}

/// The whole drawing, over the page.
function startWhole() {
  const dialog = at('map');
  const shut = button('Close', () => dialog.close());
  dialog.append(make('div', 'map-head', make('b', '', 'The state machine'), shut));
  at('whole-map').addEventListener('click', () => {
    dialog.append(at('diagram'));
    dialog.showModal();
  });
  dialog.addEventListener('close', () => {
    at('machine').append(at('diagram'));
    centre();
  });
}

export async function startMachine() {
  on('changed', light);
  on('answered', ({ as, method, path, ok }) => { last[as] = { method, path, ok, from: standing(as), to: standing(as) }; light(); });
  on('done', ({ as }) => {
    last[as].to = standing(as);
    if (last[as].ok && last[as].from !== last[as].to) moved[as] = last[as];
    light();
  });
  startWhole();
  light();
  try {
    const [table, drawing] = await Promise.all([fetch('dev/flows.json'), fetch('dev/flows.svg')]);
    if (table.ok) map = await table.json();
    if (drawing.ok) mount(await drawing.text());
  } catch { /* No drawing: the words do. */ }
  light();
}
