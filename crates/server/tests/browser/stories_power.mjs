// What others do to an account: strangers who guess, and the operator; and what the audit log and the map make of it.

import assert from 'node:assert/strict';

export const power = {
  async 'strangers lock the door; the trusted device does not notice'(own) {
    await own.signUp();
    await own.press('#card-devices', 'Trust this device', { status: 200 });
    await own.signOut();
    await own.turnTo('#card-guess');
    await own.type('guess-count', '25');
    const said = await own.press('#card-guess', 'Send wrong passwords', { status: 429 });
    assert.match(said.text, /25 sent: 10 × 422, 15 × 429/);
    await own.press('#card-guess', 'Sign in as the second device', { status: 429 });
    await own.expectStanding('outside');
    await own.press('#card-guess', 'Sign in as this browser', { status: 200 });
    await own.expectStanding('signed_in');
    await own.turnTo('#card-guess');
    await own.page.locator('#to-retry').click();
    await own.page.waitForSelector('#to-retry', { state: 'hidden' });
    await own.press('#card-guess', 'Sign in as the second device', { status: 200 });
    await own.expectStanding('signed_in');
  },

  async 'another password is required, and is all that can be done'(own) {
    await own.signUp();
    await own.press('#card-require', 'Require a new password', { status: 200 });
    await own.expectStanding('must_act');
    const refused = await own.press('#card-sessions', 'Show sessions', { status: 403 });
    assert.match(refused.text, /First: change password/);
    await own.press('#card-devices', 'Trust this device', { status: 403 });
    await own.page.reload();
    await own.expectStanding('must_act');
    await own.page.locator('html[data-ready=yes]').waitFor();
    await own.press('#card-sessions', 'Show sessions', { status: 403 });
    await own.page.locator('#card-sessions').getByRole('link', { name: 'change password' }).click();
    await own.press('#card-password', 'Change', { status: 200 });
    await own.expectStanding('signed_in');
    await own.press('#card-sessions', 'Show sessions', { status: 200 });
  },

  async 'another password is required of whoever signs in next'(own) {
    await own.signUp();
    await own.signOut();
    await own.press('#card-require', 'Require a new password', { status: 200 });
    await own.press('#card-sign-in', 'Sign in', { status: 200 });
    await own.expectStanding('must_act');
    await own.press('#card-password', 'Change', { status: 200 });
    await own.expectStanding('signed_in');
  },

  async 'an account is suspended and resumed'(own) {
    await own.signUp();
    await own.press('#card-suspend', 'Suspend', { status: 200 });
    await own.expectStanding('outside');
    const refused = await own.press('#card-sign-in', 'Sign in', { status: 422 });
    assert.match(refused.text, /address or the password is wrong/);
    await own.press('#card-suspend', 'Resume', { status: 200 });
    await own.signIn();
    await own.expectEvent('account.suspension_set');
  },

  async 'the word of the operator takes the place of the wait for a lost app'(own) {
    await own.signUp();
    await own.press('#card-reset', 'Start a factor reset', { status: 400 });
    await own.setUpApp();
    await own.signOut();
    await own.press('#card-reset', 'Start a factor reset', { status: 200 });
    assert.equal(await own.mailedTo('factor_recovery_started'), 'jo@example.com');
    await own.press('#card-recover', 'Begin, or ask again', { status: 200 });
    await own.useMail('factor_recovery_code');
    await own.press('#card-recover', 'Finish: turn the app off', { status: 200 });
    await own.signIn();
  },

  async 'the word of the operator is stopped by the mailed link, and the app stays'(own) {
    await own.signUp();
    await own.setUpApp();
    await own.press('#card-reset', 'Start a factor reset', { status: 200 });
    await own.press('#card-forgot', 'I lost my password', { status: 200 });
    const opened = await own.openLink('factor_recovery_started');
    await opened.getByRole('button', { name: 'stop it' }).click();
    await opened.getByText('The recovery was cancelled').waitFor();
    await opened.close();
    await own.useMail('recovery_code');
    await own.press('#card-forgot', 'Check the code', { status: 200 });
    assert.match(await own.page.locator('#card-forgot .more').innerText(), /totp, recovery_code/);
  },

  async 'the map is lit: the stage of each client, and the arrow it took last'(own) {
    const lit = async (stage, ...arrows) => {
      await own.page.waitForSelector(`#diagram [data-state=${stage}].current`);
      assert.equal(await own.page.locator('#diagram .current').count(), 1);
      const taken = await own.page.locator('#diagram .taken:has(path)').evaluateAll((all) => all.map(({ dataset }) => `${dataset.from} ${dataset.to}`));
      assert.deepEqual(taken.sort(), arrows);
    };
    await lit('outside');
    await own.press('#card-sign-in', 'Sign in', { status: 422 });
    await lit('outside');
    await own.press('#card-sign-up', 'Send me a code', { status: 200 });
    await lit('sign_up_code', 'outside sign_up_code');
    await own.useMail('sign_up_code');
    await own.press('#card-sign-up', 'Verify and sign in', { status: 200 });
    await lit('signed_in', 'sign_up_code signed_in');
    await own.setUpApp();
    await lit('signed_in', 'enrolling signed_in');
    assert.equal(await own.page.locator('#diagram .by').first().textContent(), 'confirm totp');
    assert.match(await own.page.textContent('#machine-text'), /^This browser: Signed in\. Last: confirm totp, granted\. It led from “App waits for a code” to “Signed in”\.$/);
    await own.press('#card-me', 'Ask', { status: 200 });
    await lit('signed_in', 'enrolling signed_in');
    await own.actAs('Second device');
    await lit('outside');
    await own.press('#card-recover', 'Begin, or ask again', { status: 200 });
    await lit('factor_lost', 'outside second_factor', 'second_factor factor_lost');
    await own.actAs('This browser');
    await lit('signed_in', 'enrolling signed_in');
    await own.page.getByRole('button', { name: 'Show the whole map' }).click();
    await own.page.locator('#map [data-state=signed_in].current').waitFor();
    await own.page.keyboard.press('Escape');
    await own.page.locator('#machine [data-state=signed_in].current').waitFor();
  },

  async 'events are shown as the server tells them, the newest on top'(own) {
    await own.press('#card-sign-in', 'Sign in', { status: 422 });
    await own.expectEvent('password.rejected');
    await own.press('#card-sign-up', 'Send me a code', { status: 200 });
    await own.expectEvent('otp.code_sent');
    const { events } = await (await own.page.request.get(`${own.server.base}/dev/events?after=0`)).json();
    await own.page.waitForFunction((count) => document.querySelectorAll('#event-list li').length === count, events.length);
    const shown = await own.page.locator('#event-list li').allInnerTexts();
    for (const [n, { event, severity, account, subject, n: _, at: __, ...fields }] of events.reverse().entries()) {
      assert.ok(shown[n].startsWith(event), `${shown[n]} is not ${event}`);
      for (const told of [severity, subject?.slice(0, 10), ...Object.values(fields)]) if (told) assert.ok(shown[n].includes(String(told)), `${told}: ${shown[n]}`);
    }
  },
};
