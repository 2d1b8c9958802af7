// The server's clock, as near as its whole seconds tell, and everything that is counted down against it.

import { at, make } from './dom.js';
import { tell } from './memory.js';

// Server time less this machine's is at least `low` and at most `high`; each reading narrows it.
let low = -Infinity;
let high = Infinity;
let last = null;
let stopped = false;

/// The server's time in milliseconds, never ahead of it.
export const now = () => (stopped && last ? last.said : Date.now() + (Number.isFinite(low) ? low : 0));

function learn(said, sent, got) {
  if (last && sent - last.got > 1500 && said === last.said) stopped = true;
  else if (last && stopped && said !== last.said) stopped = false;
  last = { said, got };
  const [least, most] = [said - got, said + 1000 - sent];
  // A reading that fits no earlier one: somebody moved the clock.
  const fits = least <= high && most >= low;
  low = fits ? Math.max(low, least) : least;
  high = fits ? Math.min(high, most) : most;
  draw();
}

async function ask(init) {
  const sent = Date.now();
  const answer = await fetch('dev/clock', init);
  if (!answer.ok) throw new Error(`the clock: ${answer.status}`);
  return { said: Date.parse((await answer.json()).now), sent, got: Date.now() };
}

export async function readClock() {
  try {
    const { said, sent, got } = await ask();
    learn(said, sent, got);
  } catch { /* The server is away: the next reading tells. */ }
}

async function change(body, words) {
  const { said, sent, got } = await ask({ method: 'POST', body: JSON.stringify(body) });
  [low, high, last] = [-Infinity, Infinity, null];
  learn(said, sent, got);
  if (typeof body.stopped === 'boolean') stopped = body.stopped;
  draw();
  at('clock-said').textContent = `${words} It is ${stamp(now())}.`;
  tell('moved');
}

export const advance = (seconds) => change({ advance_seconds: seconds }, 'The clock was moved.');
/// To a moment, and a second past it, since the page knows the clock in whole seconds.
export const advanceTo = (until) => advance(Math.max(1, Math.ceil((until - now()) / 1000) + 1));

export const stamp = (time) => `${new Date(time).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
export const hour = (time) => new Date(time).toISOString().slice(11, 19);

/// How long, as people say it.
export function span(milliseconds) {
  const left = Math.max(0, Math.ceil(milliseconds / 1000));
  const [days, hours, minutes, seconds] = [Math.floor(left / 86400), Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60, left % 60];
  const two = (number) => String(number).padStart(2, '0');
  if (days) return `${days} d ${hours} h ${minutes} min`;
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

const counted = new Set();

/// A text that counts down: `before` with the time that is left, then `after`.
export function countdown(until, before, after) {
  const shown = make('span', 'countdown');
  shown.setAttribute('role', 'timer');
  const one = { shown, until, before, after };
  counted.add(one);
  count(one);
  return shown;
}

function count({ shown, until, before, after }) {
  const left = until - now();
  const text = left > 0 ? `${before} ${span(left)}, at ${left > 86_400_000 ? stamp(until) : hour(until)}` : after;
  if (shown.textContent !== text) shown.textContent = text;
  shown.classList.toggle('over', left <= 0);
}

const each = [];
/// Runs at every tick.
export const atEachTick = (then) => each.push(then);

function draw() {
  at('now').textContent = last ? stamp(now()) : '…';
  at('clock-state').textContent = stopped ? 'stopped' : 'running';
  at('stop-clock').textContent = stopped ? 'Run' : 'Stop';
  at('stop-clock').setAttribute('aria-pressed', String(stopped));
  for (const one of counted) {
    if (one.shown.isConnected || one.until > now()) count(one);
    else counted.delete(one);
  }
  for (const then of each) then(now());
}

export function startClock() {
  at('clock').addEventListener('click', (event) => {
    const seconds = Number(event.target.dataset?.seconds);
    if (seconds) advance(seconds);
  });
  at('stop-clock').addEventListener('click', () => change({ stopped: !stopped }, stopped ? 'The clock runs.' : 'The clock stands.'));
  setInterval(draw, 500);
  setInterval(readClock, 3000);
  return readClock();
}
