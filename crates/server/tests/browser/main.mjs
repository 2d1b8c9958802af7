// Runs the stories and the looks; `run sign` runs those whose name has “sign” in it.

import { mkdirSync } from 'node:fs';

import { openBrowser, Playground } from './harness.mjs';
import { everyChapter, looks } from './looks.mjs';
import { stories } from './stories.mjs';
import { account } from './stories_account.mjs';
import { lost } from './stories_lost.mjs';
import { power } from './stories_power.mjs';

const wanted = process.argv[2] ?? '';
const screenshots = process.env.SCREENSHOTS;
if (screenshots) mkdirSync(screenshots, { recursive: true });

const cases = Object.entries({ ...stories, ...lost, ...account, ...power, ...looks }).map(([name, walk]) => ({ name, walk, window: {} }));
for (const dark of [false, true]) {
  for (const width of [360, 1280]) {
    const name = `${dark ? 'dark' : 'light'}-${width}`;
    cases.unshift({ name: `looks ${name}`, window: { dark, width }, walk: (own) => everyChapter(own, name, screenshots) });
  }
}

/// The longest a case may take: a browser that hangs or dies is a failure, not a wait.
const LONGEST = 120_000;

const browser = await openBrowser();
const gone = new Promise((_, failed) => browser.once('disconnected', () => failed(new Error('the browser is gone'))));
gone.catch(() => {});
const inTime = (walk) => {
  let timer;
  const late = new Promise((_, failed) => { timer = setTimeout(() => failed(new Error('it took too long')), LONGEST); });
  return Promise.race([walk, late, gone]).finally(() => clearTimeout(timer));
};

/// Walks one case, in a window and on a server of its own, and says how it went.
async function run({ name, walk, window }) {
  const began = Date.now();
  let own, why;
  try {
    own = await inTime(Playground.open(browser, window));
    await inTime(walk(own));
  } catch (error) {
    why = error;
    if (screenshots) await own?.page.screenshot({ path: `${screenshots}/failed ${name}.png`, fullPage: true }).catch(() => {});
  }
  await own?.close().catch((error) => { why ??= error; });
  console.log(`${why ? 'FAILED' : 'ok    '} ${name} (${Date.now() - began} ms)`);
  if (why) console.log(String(why.stack).replace(/^/gm, '         '));
  return !why;
}

/// So many at once: each waits for its own server and page most of the time. The longest begin first.
const AT_ONCE = 3;
const queue = cases.filter((one) => one.name.includes(wanted));
const count = queue.length;
let passed = 0;
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  for (let next = queue.shift(); next; next = queue.shift()) if (await run(next)) passed += 1;
}));
await browser.close();
console.log(`${passed} of ${count} cases passed`);
process.exitCode = passed === count && count > 0 ? 0 : 1;
