// Runs the stories and the looks; `run sign` runs those whose name has “sign” in it.

import { mkdirSync } from 'node:fs';

import { contract } from './contract.mjs';
import { openBrowser, Playground } from './harness.mjs';
import { everyChapter, looks } from './looks.mjs';
import { stories } from './stories.mjs';

const wanted = process.argv[2] ?? '';
const screenshots = process.env.SCREENSHOTS;
if (screenshots) mkdirSync(screenshots, { recursive: true });

const cases = Object.entries({ ...stories, ...contract, ...looks }).map(([name, walk]) => ({ name, walk, window: {} }));
for (const dark of [false, true]) {
  for (const width of [360, 1280]) {
    const name = `${dark ? 'dark' : 'light'}-${width}`;
    cases.push({ name: `looks ${name}`, window: { dark, width }, walk: (own) => everyChapter(own, name, screenshots) });
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
let failed = 0;
for (const { name, walk, window } of cases.filter((one) => one.name.includes(wanted))) {
  const began = Date.now();
  let own, why;
  try {
    own = await inTime(Playground.open(browser, window));
    await inTime(walk(own));
  } catch (error) {
    why = error;
    if (screenshots) await own?.page.screenshot({ path: `${screenshots}/failed.png`, fullPage: true }).catch(() => {});
  }
  await own?.close().catch((error) => { why ??= error; });
  failed += why ? 1 : 0;
  console.log(`${why ? 'FAILED' : 'ok    '} ${name} (${Date.now() - began} ms)`);
  if (why) console.log(String(why.stack).replace(/^/gm, '         '));
}
await browser.close();
console.log(failed ? `${failed} failed` : 'all passed');
process.exitCode = failed ? 1 : 0;
