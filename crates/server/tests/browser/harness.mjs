// A server, a browser, and the hands and eyes of somebody who uses the page. Nothing here waits for time to pass: it waits
// for what is to be seen.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { chromium } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

/// What the browser itself says of an answer that is a refusal. The page shows those; they are no mistakes of the page.
const REFUSAL = /^Failed to load resource: the server responded with a status of (400|401|403|409|422|429) /;

/// A browser with a profile of its own. Playwright makes the profile, and removes it.
export const openBrowser = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS });

/// The real server, on a free port, with an empty store.
export async function startServer() {
  const place = mkdtempSync(join(tmpdir(), 'countersign-'));
  const flags = ['--dev', '--listen', '127.0.0.1:0', '--store', 'memory:', '--mail', `dir:${join(place, 'mail')}`, '--key-file', join(place, 'key')];
  const child = spawn(process.env.COUNTERSIGN_SERVER, flags, { cwd: place, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (text) => { log += text; });
  const base = await new Promise((found, failed) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = /^listening on (\S+)$/.exec(line);
      if (said) found(said[1]);
    });
    child.once('exit', (status) => failed(new Error(`the server ended with ${status}: ${log}`)));
  });
  const end = () => new Promise((ended) => {
    child.removeAllListeners('exit').once('exit', () => { rmSync(place, { recursive: true, force: true }); ended(); });
    child.kill('SIGTERM');
  });
  return { base, end, log: () => log };
}

/// The playground in a window, and what can be done there.
export class Playground {
  static async open(browser, { width = 1280, height = 900, dark = false } = {}) {
    const server = await startServer();
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const own = new Playground(server, context, page);
    page.on('console', (message) => {
      if (message.type() === 'error' && !REFUSAL.test(message.text())) own.mistakes.push(message.text());
    });
    page.on('pageerror', (error) => own.mistakes.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(server.base) && !request.url().startsWith('data:')) own.mistakes.push(`asked ${request.url()}`);
    });
    try {
      await page.goto(server.base);
      await Promise.race([page.waitForSelector('html[data-ready=yes]'), page.waitForEvent('pageerror').then((error) => { throw error; })]);
      return own;
    } catch (error) {
      // What the console said is the better reason, if it said anything.
      await own.close();
      throw error;
    }
  }

  constructor(server, context, page) {
    Object.assign(this, { server, context, page, mistakes: [] });
  }

  async close() {
    // The page first: it asks on its own, and would find nobody there.
    await this.context.close().catch(() => {});
    await this.server.end();
    assert.deepEqual(this.mistakes, [], 'errors in the console');
  }

  /// Opens the chapter that a card is in, as somebody does who looks for it.
  async turnTo(card) {
    const chapter = await this.page.locator(card).evaluate((found) => found.closest('.chapter').id);
    const link = this.page.locator(`.chapters a[href="#${chapter}"]`);
    if (await link.getAttribute('aria-current') !== 'page') await link.click();
    await this.page.waitForSelector(`#${chapter}`, { state: 'visible' });
  }

  /// Presses a button of a card, and returns what the card then says: its status and its words.
  async press(card, name, { status } = {}) {
    await this.turnTo(card);
    const result = this.page.locator(`${card} .result`);
    const before = await result.getAttribute('data-turn') ?? '0';
    const button = this.page.locator(card).getByRole('button', { name, exact: true, includeHidden: true });
    await button.evaluate((found) => { for (let up = found; up; up = up.parentElement) if (up.tagName === 'DETAILS') up.open = true; });
    await button.click();
    await this.page.waitForFunction(([selector, turn]) => (document.querySelector(`${selector} .result`).dataset.turn ?? '0') !== turn
      && document.querySelector(selector).getAttribute('aria-busy') !== 'true', [card, before]);
    const said = { status: Number(await result.getAttribute('data-status')), text: await result.innerText() };
    if (status !== undefined) assert.equal(said.status, status, `${card} “${name}”: ${said.text}`);
    return said;
  }

  /// Types into a field of the page.
  type(id, text) { return this.page.fill(`#${id}`, text); }

  value(id) { return this.page.inputValue(`#${id}`); }

  /// Presses a button of the newest mail of a kind, so that the code or the token is in its field.
  async useMail(kind, name = /^Use the code/) {
    const message = this.page.locator(`#mail li[data-kind="${kind}"]`).first();
    await message.getByRole('button', { name }).click();
  }

  /// Opens the link of the newest mail of a kind, in a window of its own.
  async openLink(kind) {
    await this.mails(kind);
    const link = this.page.locator(`#mail li[data-kind="${kind}"]`).first().getByRole('link');
    const [opened] = await Promise.all([this.context.waitForEvent('page'), link.click()]);
    opened.setDefaultTimeout(15_000);
    await opened.waitForLoadState();
    return opened;
  }

  /// Whom the newest mail of a kind went to.
  async mailedTo(kind) {
    await this.mails(kind);
    return /to (\S+)$/.exec(await this.page.locator(`#mail li[data-kind="${kind}"] .mail-head`).first().innerText())[1];
  }

  /// Waits until the newest events have one of that name.
  async expectEvent(name) {
    await this.page.waitForFunction((wanted) => [...document.querySelectorAll('#event-list li b')].some((one) => one.textContent === wanted), name);
  }

  /// How many mails of a kind the inbox shows, once the newest are there.
  async mails(kind) {
    const { messages } = await (await this.page.request.get(`${this.server.base}/dev/mail`)).json();
    await this.page.waitForFunction((count) => document.querySelectorAll('#mail li').length === Math.min(40, count), messages.length);
    return this.page.locator(`#mail li[data-kind="${kind}"]`).count();
  }

  /// Acts through another client from now on.
  async actAs(name) {
    await this.page.getByRole('radio', { name }).check();
  }

  /// Moves the clock by one of its buttons.
  async pass(name, times = 1) {
    for (let n = 0; n < times; n += 1) {
      const before = await this.page.textContent('#clock-said');
      const [answer] = await Promise.all([
        this.page.waitForResponse((response) => response.url().endsWith('/dev/clock') && response.request().method() === 'POST'),
        this.page.locator('#clock').getByRole('button', { name, exact: true }).click(),
      ]);
      assert.equal(answer.status(), 200);
      await this.page.waitForFunction((said) => document.querySelector('#clock-said').textContent !== said, before);
    }
  }

  /// What the selected client is at.
  standing() { return this.page.getAttribute('#state', 'data-state'); }

  async expectStanding(state) {
    await this.page.waitForSelector(`#state[data-state="${state}"]`);
  }

  /// Where the focus is.
  focused() { return this.page.evaluate(() => document.activeElement.id || document.activeElement.textContent); }

  // Whole ways that many stories begin with.

  async signUp() {
    await this.press('#card-sign-up', 'Send me a code', { status: 200 });
    await this.useMail('sign_up_code');
    await this.press('#card-sign-up', 'Verify and sign in', { status: 200 });
    await this.expectStanding('signed_in');
  }

  async signOut() {
    await this.press('#card-me', 'Sign out', { status: 200 });
    await this.expectStanding('outside');
  }

  async signIn() {
    await this.press('#card-sign-in', 'Sign in', { status: 200 });
    await this.expectStanding('signed_in');
  }

  /// Types what the phone shows into a card.
  async fromPhone(card) {
    await this.turnTo(card);
    await this.page.locator(card).getByRole('button', { name: 'From my phone' }).click();
    await this.page.waitForFunction((found) => [...document.querySelectorAll(`${found} input.code`)].some(({ value }) => /^\d{6}$/.test(value)), card);
  }

  /// The password, and a code of the app that was not used before.
  async signInWithApp() {
    await this.pass('+1 min');
    await this.press('#card-sign-in', 'Sign in', { status: 200 });
    await this.expectStanding('second_factor');
    await this.fromPhone('#card-second');
    await this.press('#card-second', 'Continue', { status: 200 });
    await this.expectStanding('signed_in');
  }

  /// Proves the app to who asks for it again, by a code that was not used before.
  async stepUp() {
    await this.pass('+1 min');
    await this.turnTo('#card-step-up');
    await this.fromPhone('#card-step-up');
    await this.press('#card-step-up', 'Prove', { status: 200 });
  }

  async setUpApp() {
    await this.press('#card-enrol', 'Begin', { status: 200 });
    await this.expectStanding('enrolling');
    await this.fromPhone('#card-enrol');
    await this.press('#card-enrol', 'Confirm', { status: 200 });
    await this.page.waitForSelector('#drawer li:nth-child(10)');
  }

  /// What a checker of accessibility finds wrong with the page as it is.
  async inaccessible() {
    await this.page.evaluate(() => window.axe === undefined) && await this.page.evaluate(await source());
    const found = await this.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    return found.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 140)).join(' | ')}`);
  }
}

let axe = null;
async function source() {
  axe ??= await (await import('node:fs/promises')).readFile(AXE, 'utf8');
  return axe;
}
