// Sessions and devices, each with the way to end it.

import { ask } from './api.js';
import { all, at, button, make } from './dom.js';
import { perform } from './forms.js';
import { memory, on } from './memory.js';

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

const draw = (name, data) => at(name).replaceChildren(...(data?.[name] ?? []).map((one) => {
  const { card, path, notes } = LISTS[name];
  return entry(at(card), path, one, notes(one));
}));

/// What is shown is no longer so: asks again.
async function refresh(name) {
  const { card, path } = LISTS[name];
  const { ok, data } = await ask({ method: 'GET', path, bearer: true, quiet: true });
  // The button that was pressed goes with its entry.
  const focused = at(name).contains(document.activeElement);
  draw(name, ok ? data : null);
  if (focused) at(card).querySelector('button').focus();
}

const clear = () => all('.list').forEach((list) => list.replaceChildren());

export function startLists() {
  let shownFor = memory.selected;
  on('changed', () => {
    if (shownFor !== memory.selected) clear();
    shownFor = memory.selected;
  });
  on('done', ({ method, path, ok, data }) => {
    if (ok && ['/v1/logout', '/v1/delete-account'].includes(path)) clear();
    for (const [name, list] of Object.entries(LISTS)) {
      if (!ok || !path.startsWith(list.path)) continue;
      if (method === 'GET') draw(name, data);
      else if (at(name).childElementCount) refresh(name);
    }
  });
}
