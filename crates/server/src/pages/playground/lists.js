// Sessions and devices, each with the way to end it.

import { all, at, button, make } from './dom.js';
import { perform } from './forms.js';
import { on } from './memory.js';

const when = (time) => (time ? time.replace('T', ' ').replace('Z', '') : 'never');

/// One entry: its name, what is known of it, and a button unless it is the one that is asking.
function entry(card, path, { id, label, current }, notes) {
  const name = label || 'unnamed';
  const shown = make('li', '', make('div', '', make('b', '', name), make('div', 'dim small', notes)));
  if (current) shown.append(make('span', 'chip', 'this one'));
  else {
    const end = button('End', () => perform(card, { method: 'DELETE', path: `${path}/${encodeURIComponent(id)}`, bearer: true }), 'small');
    end.setAttribute('aria-label', `End ${name}, ${notes}`);
    shown.append(end);
  }
  return shown;
}

const LISTS = {
  sessions: {
    card: 'card-sessions', path: '/v1/sessions',
    notes: ({ amr, aal, created_at: since, last_used_at: used }) => `by ${amr.join(' + ')}, level ${aal}, since ${when(since)}, last used ${when(used)}`,
  },
  devices: {
    card: 'card-devices', path: '/v1/devices',
    notes: ({ created_at: since, expires_at: ends, skips_second_factor: skips }) => `since ${when(since)}, until ${when(ends)}${skips ? ', skips the second factor' : ''}`,
  },
};

export function startLists() {
  on('answered', ({ method, path, ok, data, as }) => {
    for (const [name, { card, path: base, notes }] of Object.entries(LISTS)) {
      if (!ok || !path.startsWith(base)) continue;
      if (method === 'GET') at(name).replaceChildren(...(data?.[name] ?? []).map((one) => entry(at(card), base, one, notes(one))));
      // What is shown is no longer so: ask again, once this is done.
      else if (method === 'DELETE') setTimeout(() => refresh(name, as), 0);
    }
    if (ok && ['/v1/logout', '/v1/delete-account'].includes(path)) for (const list of all('.list')) list.replaceChildren();
  });
}

async function refresh(name, as) {
  const { card, path } = LISTS[name];
  const focused = at(name).contains(document.activeElement) || document.activeElement === document.body;
  await perform(at(card), { method: 'GET', path, bearer: true, as });
  // The button that was pressed is gone with its entry.
  if (focused) at(card).querySelector('button').focus();
}
