// A password that is lost, a phone that is lost: each way back, from an empty database.

import assert from 'node:assert/strict';

/// From the first request to the right to set a new password, by a code or by the link's token.
async function mayReset(own, by) {
  await own.press('#card-forgot', 'I lost my password', { status: 200 });
  await own.expectStanding('recovery_mail');
  if (by === 'code') {
    await own.useMail('recovery_code');
    await own.press('#card-forgot', 'Check the code', { status: 200 });
  } else {
    await own.useMail('recovery_code', 'Use its token');
    await own.press('#card-forgot', 'Check the link', { status: 200 });
  }
  await own.expectStanding('reset');
  assert.equal(await own.focused(), 'forgot-password');
}

/// What somebody holds who has lost the phone and the codes, and let the wait begin.
async function beginTheWait(own) {
  await own.signUp();
  await own.setUpApp();
  await own.signOut();
  await own.turnTo('#card-recover');
  await own.page.locator('#card-recover').getByRole('button', { name: 'Lose phone and drawer' }).click();
  await own.press('#card-recover', 'Begin, or ask again', { status: 200 });
  await own.expectStanding('factor_lost');
}

/// Moves the clock to where the wait ends.
async function outwait(own) {
  const ready = await own.page.getAttribute('#ready-at', 'datetime');
  await own.page.locator('#to-ready').click();
  await own.page.waitForSelector('#to-ready', { state: 'hidden' });
  const { now } = await (await own.page.request.get(`${own.server.base}/dev/clock`)).json();
  assert.ok(Date.parse(now) >= Date.parse(ready), `${now} is before ${ready}`);
}

export const lost = {
  async 'a lost password is set anew by a code, and nothing stays signed in'(own) {
    await own.signUp();
    await own.actAs('Second device');
    await mayReset(own, 'code');
    await own.type('forgot-password', 'short');
    const refused = await own.press('#card-forgot', 'Set the new password', { status: 422 });
    assert.match(refused.text, /at least 8 characters/);
    assert.equal(await own.focused(), 'forgot-password');
    await own.expectStanding('reset');
    await own.type('forgot-password', 'password1');
    await own.press('#card-forgot', 'Set the new password', { status: 422 });
    await own.type('forgot-password', 'MyNewPassword2!');
    await own.press('#card-forgot', 'Set the new password', { status: 200 });
    await own.expectStanding('outside');
    assert.match(await own.page.textContent('#standing-text'), /holds a device token/);
    assert.equal(await own.value('person-password'), 'MyNewPassword2!');
    assert.equal(await own.mailedTo('password_reset'), 'jo@example.com');
    await own.signIn();
    await own.actAs('This browser');
    await own.expectStanding('outside');
    await own.type('person-password', 'MyPassword1!');
    await own.press('#card-sign-in', 'Sign in', { status: 422 });
  },

  async 'a lost password is set anew by the token of the link, with the app'(own) {
    await own.signUp();
    await own.setUpApp();
    await own.signOut();
    await mayReset(own, 'link');
    assert.match(await own.page.locator('#card-forgot .more').innerText(), /totp, recovery_code/);
    const refused = await own.press('#card-forgot', 'Set the new password', { status: 422 });
    assert.match(refused.text, /code of your authenticator app/);
    assert.equal(await own.focused(), 'forgot-proof');
    await own.pass('+1 min');
    await own.fromPhone('#card-forgot');
    await own.press('#card-forgot', 'Set the new password', { status: 200 });
    await own.expectStanding('outside');
    await own.signInWithApp();
  },

  async 'a lost password and a lost phone: a recovery code is the further proof'(own) {
    await own.signUp();
    await own.setUpApp();
    await own.signOut();
    await mayReset(own, 'code');
    await own.page.locator('#drawer').getByRole('button').first().click();
    assert.equal(await own.focused(), 'forgot-proof');
    await own.press('#card-forgot', 'Set the new password', { status: 200 });
    assert.equal(await own.page.locator('#drawer li').count(), 9);
  },

  async 'the page behind the mailed link sets a new password'(own) {
    await own.signUp();
    await own.setUpApp();
    await own.pass('+1 min');
    await own.press('#card-forgot', 'I lost my password', { status: 200 });
    const opened = await own.openLink('recovery_code');
    assert.equal(await opened.evaluate(() => location.hash), '', 'the token is out of the address');
    await opened.getByLabel('New password').fill('MyNewPassword2!');
    await opened.getByRole('button').click();
    await opened.getByText('please enter its code as well').waitFor();
    await opened.getByLabel('Code of your authenticator app').fill((await own.page.textContent('#phone-code')).replace(' ', ''));
    await opened.getByLabel('New password').fill('short');
    await opened.getByRole('button').click();
    await opened.getByText('at least 8 characters').waitFor();
    await opened.getByLabel('New password').fill('MyNewPassword2!');
    await opened.getByRole('button').click();
    await opened.getByText('You can sign in with it now').waitFor();
    await opened.close();
    // The page hears of it by the events, and finds its session ended.
    await own.expectStanding('outside');
    await own.type('person-password', 'MyNewPassword2!');
    await own.signInWithApp();
  },

  async 'a mail for a lost password comes again, and to nobody without an account'(own) {
    await own.press('#card-forgot', 'I lost my password', { status: 200 });
    await own.press('#card-forgot', 'Give up', { status: 200 });
    await own.expectStanding('outside');
    assert.equal(await own.mails('recovery_code'), 0);
    await own.signUp();
    await own.signOut();
    await own.pass('+1 min');
    await own.press('#card-forgot', 'I lost my password', { status: 200 });
    await own.press('#card-forgot', 'Send another', { status: 429 });
    await own.pass('+1 min');
    await own.press('#card-forgot', 'Send another', { status: 200 });
    assert.equal(await own.mails('recovery_code'), 2);
    await own.useMail('recovery_code');
    await own.press('#card-forgot', 'Check the code', { status: 200 });
    await own.expectStanding('reset');
  },

  async 'phone and codes are lost: the wait is cancelled by the mailed link, begun again, and over'(own) {
    await beginTheWait(own);
    assert.equal(await own.mailedTo('factor_recovery_started'), 'jo@example.com');
    const opened = await own.openLink('factor_recovery_started');
    await opened.getByRole('button', { name: 'stop it' }).click();
    await opened.getByText('The recovery was cancelled').waitFor();
    await opened.close();
    await own.expectStanding('outside');
    await own.expectEvent('recovery.factor_cancelled');

    await own.press('#card-recover', 'Begin, or ask again', { status: 200 });
    await own.type('recover-code', '000000');
    await own.press('#card-recover', 'Finish: turn the app off', { status: 422 });
    await outwait(own);
    assert.equal(await own.mails('factor_recovery_code'), 0, 'the wait alone grants nothing');
    await own.press('#card-recover', 'Begin, or ask again', { status: 200 });
    assert.equal(await own.focused(), 'recover-code');
    await own.useMail('factor_recovery_code');
    await own.press('#card-recover', 'Finish: turn the app off', { status: 200 });
    await own.expectStanding('outside');
    assert.equal(await own.mailedTo('factors_reset'), 'jo@example.com');
    await own.signIn();
    assert.match(await own.page.textContent('#standing-text'), /by pwd, level 1/);
  },

  async 'the wait is cancelled by the token of the notice'(own) {
    await beginTheWait(own);
    await own.useMail('factor_recovery_started', 'Use its token');
    assert.equal(await own.focused(), 'recover-cancel');
    await own.press('#card-recover', 'Cancel the waiting period', { status: 200 });
    await own.expectStanding('outside');
    assert.ok(await own.page.locator('#to-ready').isHidden());
    await own.press('#card-recover', 'Cancel the waiting period', { status: 422 });
  },

  async 'who has no second factor has none to lose'(own) {
    await own.signUp();
    await own.signOut();
    await own.press('#card-recover', 'Begin, or ask again', { status: 409 });
    await own.expectStanding('outside');
  },
};
