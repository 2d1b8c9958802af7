// What was refused, with the time it is allowed again; every answer as it came; and the events that only an audit log sees.

import { countdown, hour } from './clock.js';
import { all, at, make, prepend } from './dom.js';
import { CLIENTS, on, tell } from './memory.js';

const MOST = 25;
let refusals = 0;

const head = ({ method, path, as, at: when }) => [
  make('b', '', `${method} ${path}`), make('span', 'dim', ` ${CLIENTS[as].toLowerCase()}, ${hour(when)}`),
];

function refused(answer) {
  refusals += 1;
  at('no-refusals').hidden = true;
  for (const count of all('[data-count=refusals]')) count.textContent = String(refusals);
  const shown = make('li', '', make('div', '', ...head(answer)), make('div', '', make('span', 'status', String(answer.status)), ` ${answer.message}`));
  for (const [field, whys] of Object.entries(answer.errors)) shown.append(make('div', 'dim', `${field}: ${whys.join(' ')}`));
  if (answer.until) {
    const rule = answer.rule ? ` “${answer.rule}”` : '';
    shown.append(make('div', 'wait', countdown(answer.until, `Allowed again${rule} in`, `Allowed again${rule} now.`)));
  }
  prepend(at('refused'), shown, MOST);
}

function answered(answer) {
  at('no-answers').hidden = true;
  const text = JSON.stringify(answer.raw, (name, value) => (name === 'qr_svg' && value ? '<svg …>' : value), 1);
  const sent = answer.body ? JSON.stringify(answer.body, null, 1) : 'no body';
  const more = make('details', '', make('summary', '', `${answer.status} `, ...head(answer)), make('pre', '', `→ ${sent}`),
    make('pre', '', `← ${[...(answer.fields ?? []), text].join('\n')}`));
  prepend(at('answer-list'), make('li', answer.ok ? 'yes' : 'no', more), MOST);
}

let seen = 0;
let first = true;

/// The newest events. Those from before this page was opened are shown, and told to nobody.
async function readEvents() {
  let events;
  try {
    ({ events } = await (await fetch(`dev/events?after=${seen}`)).json());
  } catch { return; }
  for (const event of events ?? []) {
    if (event.n <= seen) continue;
    seen = event.n;
    prepend(at('event-list'), eventItem(event), 100);
    if (!first) tell('event', event);
  }
  first = false;
  at('no-events').hidden = at('event-list').childElementCount > 0;
}

/// Pseudonyms are long, and told apart by how they begin.
const brief = (value) => String(value).replace(/^[0-9a-f]{16,}$/, (all) => `${all.slice(0, 10)}…`);

function eventItem({ n, at: when, event, severity, account, subject, ...fields }) {
  const rest = Object.entries({ account, subject, ...fields }).filter(([, value]) => value !== null && value !== undefined);
  const text = rest.map(([name, value]) => `${name}=${brief(typeof value === 'object' ? JSON.stringify(value) : value)}`).join(' ');
  const shown = make('li', '', make('b', '', event), ' ', severity && make('span', 'severity', severity), make('span', 'dim', ` ${hour(Date.parse(when))}`),
    make('div', 'dim small', text));
  shown.dataset.severity = severity ?? '';
  return shown;
}

export function startLog() {
  on('answered', (answer) => {
    answered(answer);
    if (!answer.ok) refused(answer);
    readEvents();
  });
  setInterval(readEvents, 3000);
  return readEvents();
}
