// How the page looks and reads: narrow and wide, light and dark, chapter by chapter, by keyboard alone.

import assert from 'node:assert/strict';
import { join } from 'node:path';

const CHAPTERS = ['arrive', 'factors', 'lost', 'account', 'attack', 'operator'];

/// Goes through the chapters with something to see in each; collects what a checker finds.
export async function everyChapter(own, name, screenshots) {
  await own.signUp();
  await own.press('#card-sign-up', 'Send another');
  await own.press('#card-enrol', 'Begin', { status: 200 });
  await own.press('#card-sessions', 'Show sessions', { status: 200 });
  await own.turnTo('#card-guess');
  await own.type('guess-count', '3');
  await own.press('#card-guess', 'Send wrong passwords');
  const found = [];
  for (const chapter of CHAPTERS) {
    await own.page.locator(`.chapters a[href="#${chapter}"]`).click();
    await own.page.waitForSelector(`#${chapter}`, { state: 'visible' });
    for (const wrong of await own.inaccessible()) found.push(`${name}, ${chapter}: ${wrong}`);
    const wide = await own.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) found.push(`${name}, ${chapter}: ${wide} px wider than the window`);
    await own.page.evaluate(() => scrollTo(0, 0));
    if (screenshots) await own.page.screenshot({ path: join(screenshots, `${name}-${chapter}.png`), fullPage: true });
  }
  assert.deepEqual(found, []);
}

export const looks = {
  /// Nobody needs a mouse: a sign-up from the address bar on, by Tab, Enter and Space.
  async 'a sign-up by keyboard alone'(own) {
    const { page } = own;
    const tabTo = async (wanted) => {
      for (let n = 0; n < 80; n += 1) {
        await page.keyboard.press('Tab');
        const [text, outline] = await page.evaluate(() => {
          const focused = document.activeElement;
          return [focused.id || focused.getAttribute('aria-label') || focused.textContent.trim(), getComputedStyle(focused).outlineStyle];
        });
        if (focusable(text)) assert.notEqual(outline, 'none', `no outline: ${text}`);
        if (wanted.test(text)) return;
      }
      assert.fail(`never came to ${wanted}`);
    };
    const focusable = (text) => text.length > 0;
    await page.keyboard.press('Tab');
    assert.equal(await own.focused(), 'Skip to the flows');
    await page.keyboard.press('Enter');
    await tabTo(/^Send me a code$/);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement.id === 'sign-up-code');
    await tabTo(/^Use the code \d{6}$/);
    await page.keyboard.press('Space');
    await page.waitForFunction(() => document.activeElement.id === 'sign-up-code' && document.activeElement.value);
    await page.keyboard.press('Enter');
    await own.expectStanding('signed_in');
  },

  async 'every input has a label, and headings are in order'(own) {
    const [nameless, levels] = await own.page.evaluate(() => [
      [...document.querySelectorAll('input')].filter((input) => !input.labels.length && !input.ariaLabel).map((input) => input.id),
      [...document.querySelectorAll('h1, h2, h3, h4')].map((heading) => Number(heading.tagName[1])),
    ]);
    assert.deepEqual(nameless, []);
    assert.equal(levels[0], 1);
    assert.equal(levels.filter((level) => level === 1).length, 1);
    for (const [n, level] of levels.entries()) assert.ok(n === 0 || level <= levels[n - 1] + 1, 'a level is skipped');
  },
};
