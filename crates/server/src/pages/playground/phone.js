// The pretend phone: an authenticator app (RFC 6238) that goes by the server's clock. And the drawer with the recovery codes.

import { useRecoveryCode } from './after.js';
import { atEachTick, now } from './clock.js';
import { all, at, button, fill, make } from './dom.js';
import { changed, memory, on, owner } from './memory.js';

const STEP = 30_000;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function bytes(secret) {
  const bits = [...secret].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => parseInt(byte, 2));
}

/// What an authenticator app with this secret shows at a time.
export async function totp(secret, time) {
  const key = await crypto.subtle.importKey('raw', bytes(secret), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);
  const step = new DataView(new ArrayBuffer(8));
  step.setBigUint64(0, BigInt(Math.floor(time / STEP)));
  const hash = new DataView(await crypto.subtle.sign('HMAC', key, step.buffer));
  const number = hash.getUint32(hash.getUint8(19) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

let shown = '';
async function drawPhone(time) {
  const secret = memory.phone[owner()];
  at('phone').hidden = !secret;
  at('phone-empty').hidden = Boolean(secret);
  for (const one of all('[data-phone]')) one.disabled = !secret;
  if (!secret) return;
  at('phone-left').textContent = `another in ${Math.ceil((STEP - (time % STEP)) / 1000)} s`;
  const wanted = `${secret} ${Math.floor(time / STEP)}`;
  if (wanted === shown) return;
  shown = wanted;
  const code = await totp(secret, time);
  at('phone-code').textContent = `${code.slice(0, 3)} ${code.slice(3)}`;
}

let drawer = '';
function drawDrawer() {
  const codes = memory.drawer[owner()] ?? [];
  const now = codes.join();
  if (now === drawer) return;
  drawer = now;
  at('drawer').hidden = !codes.length;
  at('drawer-empty').hidden = codes.length > 0;
  at('drawer').replaceChildren(...codes.map((code) => {
    const use = button(code, () => useRecoveryCode(code), 'small');
    use.setAttribute('aria-label', `Use the recovery code ${code}`);
    return make('li', '', use);
  }));
}

export function startPhone() {
  document.addEventListener('click', async ({ target }) => {
    const { phone, lose } = target.dataset ?? {};
    if (phone) fill(phone, await totp(memory.phone[owner()], now()), 'totp');
    if (!lose) return;
    for (const thing of lose.split(' ')) delete memory[thing][owner()];
    changed();
    const result = target.closest('.card')?.querySelector('.result');
    if (result) result.textContent = `Gone: ${lose.replace(' ', ' and ')}.`;
    else at('things').focus();
  });
  atEachTick(drawPhone);
  on('changed', () => { drawPhone(now()); drawDrawer(); });
}
