// Each story walks one flow through the page, from an empty database.

import assert from 'node:assert/strict';

export const stories = {
  async 'sign up by a code, sign out, sign in'(own) {
    await own.press('#card-sign-up', 'Send me a code', { status: 200 });
    assert.equal(await own.focused(), 'sign-up-code', 'the focus goes where the code is to be typed');
    await own.type('sign-up-code', '000000');
    const refused = await own.press('#card-sign-up', 'Verify and sign in', { status: 422 });
    assert.match(refused.text, /The code is wrong/);
    assert.equal(await own.page.getAttribute('#sign-up-code', 'aria-invalid'), 'true');
    assert.equal(await own.focused(), 'sign-up-code');
    await own.useMail('sign_up_code');
    assert.match(await own.value('sign-up-code'), /^\d{6}$/);
    await own.press('#card-sign-up', 'Verify and sign in', { status: 200 });
    assert.equal(await own.page.getAttribute('#sign-up-code', 'aria-invalid'), null);
    await own.expectStanding('signed_in');
    assert.match(await own.page.textContent('#standing-text'), /jo@example\.com/);
    await own.page.reload();
    await own.expectStanding('signed_in');
    await own.signOut();
    await own.press('#card-sign-in', 'Sign in', { status: 200 });
    await own.expectStanding('signed_in');
  },

  async 'a second message only after the pause, which is counted down'(own) {
    await own.page.locator('#stop-clock').click();
    await own.page.waitForSelector('#stop-clock[aria-pressed=true]');
    await own.press('#card-sign-up', 'Send me a code', { status: 200 });
    const refused = await own.press('#card-sign-up', 'Send another', { status: 429 });
    assert.match(refused.text, /wait/);
    const shown = own.page.locator('#refused li').first();
    assert.match(await shown.innerText(), /Allowed again “resend_cooldown” in 1:00, at \d\d:\d\d:\d\d/);
    await own.pass('+1 min');
    await own.page.waitForFunction(() => /Allowed again “resend_cooldown” now\./.test(document.querySelector('#refused li').innerText));
    await own.press('#card-sign-up', 'Send another', { status: 200 });
    assert.equal(await own.mails('sign_up_code'), 2);
    await own.press('#card-sign-up', 'Give up', { status: 200 });
    await own.expectStanding('outside');
  },

  async 'sign up by the mailed link, whose page works too'(own) {
    await own.press('#card-sign-up', 'Send me a code', { status: 200 });
    await own.useMail('sign_up_code', 'Use its token');
    assert.equal(await own.focused(), 'sign-up-link');
    await own.press('#card-sign-up', 'Sign up by the link', { status: 200 });
    await own.press('#card-sign-in', 'Sign in', { status: 200 });
    await own.press('#card-link', 'Mail a link', { status: 200 });
    const [opened] = await Promise.all([
      own.context.waitForEvent('page'),
      own.page.locator('#mail li').first().getByRole('link').click(),
    ]);
    await opened.getByRole('button', { name: 'Sign in' }).click();
    await opened.getByText('Signed in.').waitFor();
    await opened.close();
  },

  async 'the other family of endpoints has the same accounts'(own) {
    await own.press('#card-sign-up', 'Register', { status: 200 });
    assert.equal(await own.focused(), 'auth-code');
    await own.useMail('sign_up_code');
    assert.equal(await own.focused(), 'auth-code', 'the code goes to the field that asked last');
    await own.press('#card-sign-up', 'Validate', { status: 200 });
    await own.press('#card-sign-up', 'Log in', { status: 200 });
    await own.press('#card-sign-in', 'Sign in', { status: 200 });
  },

  async 'sign in by a mailed link or its code'(own) {
    await own.signUp();
    await own.signOut();
    await own.press('#card-link', 'Mail a link', { status: 200 });
    await own.useMail('sign_in_code');
    await own.press('#card-link', 'Sign in by the code', { status: 200 });
    await own.expectStanding('signed_in');
    await own.signOut();
    await own.pass('+1 min');
    await own.press('#card-link', 'Mail a link', { status: 200 });
    await own.useMail('sign_in_code', 'Use its token');
    await own.press('#card-link', 'Sign in by the link', { status: 200 });
    await own.expectStanding('signed_in');
  },

  async 'an authenticator app, and a recovery code when the phone is lost'(own) {
    await own.signUp();
    await own.setUpApp();
    await own.signOut();
    await own.press('#card-sign-in', 'Sign in', { status: 200 });
    await own.expectStanding('second_factor');
    assert.equal(await own.focused(), 'second-code');
    await own.pass('+1 min');
    await own.page.locator('#card-second').getByRole('button', { name: 'From my phone' }).click();
    await own.press('#card-second', 'Continue', { status: 200 });
    await own.expectStanding('signed_in');
    assert.match(await own.page.textContent('#standing-text'), /pwd \+ otp, level 2/);
    await own.signOut();

    await own.press('#card-sign-in', 'Sign in', { status: 200 });
    await own.turnTo('#card-phone');
    await own.page.locator('#card-phone').getByRole('button', { name: 'Lose the phone' }).click();
    await own.page.waitForSelector('#phone', { state: 'hidden' });
    await own.page.locator('#drawer').getByRole('button').first().click();
    assert.ok(await own.page.getByRole('radio', { name: 'Recovery code' }).first().isChecked());
    await own.press('#card-second', 'Continue', { status: 200 });
    await own.expectStanding('signed_in');
    assert.equal(await own.page.locator('#drawer li').count(), 9, 'a used code is gone');

    // Without a password: the link is one factor, the app the other.
    await own.signOut();
    await own.pass('+1 min');
    await own.press('#card-link', 'Mail a link', { status: 200 });
    await own.useMail('sign_in_code', 'Use its token');
    await own.press('#card-link', 'Sign in by the link', { status: 200 });
    await own.expectStanding('second_factor');
    await own.page.locator('#drawer').getByRole('button').first().click();
    await own.press('#card-second', 'Continue', { status: 200 });
    await own.expectStanding('signed_in');
  },

  async 'mailed codes as a second factor'(own) {
    await own.signUp();
    await own.press('#card-mailed', 'Turn on', { status: 200 });
    await own.signOut();
    await own.press('#card-sign-in', 'Sign in', { status: 200 });
    assert.ok(await own.page.getByRole('radio', { name: 'Mailed code' }).first().isChecked(), 'what is asked for is chosen');
    await own.useMail('second_factor_code');
    await own.press('#card-second', 'Continue', { status: 200 });
    await own.expectStanding('signed_in');
  },

  async 'sessions are listed, and each can be ended'(own) {
    await own.signUp();
    await own.actAs('Second device');
    await own.press('#card-sign-in', 'Sign in', { status: 200 });
    await own.actAs('This browser');
    await own.press('#card-sessions', 'Show sessions', { status: 200 });
    assert.equal(await own.page.locator('#sessions li').count(), 2);
    await own.page.locator('#sessions').getByRole('button', { name: /^End / }).click();
    await own.page.waitForFunction(() => document.querySelectorAll('#sessions li').length === 1);
    await own.actAs('Second device');
    await own.expectStanding('outside');
    await own.press('#card-me', 'Ask', { status: 401 });
  },

  async 'a stranger locks the door, and the clock unlocks it'(own) {
    await own.signUp();
    await own.signOut();
    const said = await own.press('#card-guess', 'Send wrong passwords', { status: 429 });
    assert.match(said.text, /11 sent: 10 × 422, 1 × 429/);
    assert.deepEqual(await own.page.locator('#guesses li b').allInnerTexts(), ['1–10', '11']);
    await own.press('#card-guess', 'Sign in as this browser', { status: 429 });
    assert.match(await own.page.locator('#card-guess .wait').innerText(), /^Allowed again .* in \d+:\d\d/);
    // The mailbox is another door.
    await own.press('#card-link', 'Mail a link', { status: 200 });
    await own.useMail('sign_in_code', 'Use its token');
    await own.press('#card-link', 'Sign in by the link', { status: 200 });
    await own.signOut();
    await own.turnTo('#card-guess');
    await own.page.locator('#to-retry').click();
    await own.page.waitForSelector('#to-retry', { state: 'hidden' });
    await own.press('#card-guess', 'Sign in as this browser', { status: 200 });
    await own.expectStanding('signed_in');
  },

  async 'guessed codes and floods are refused'(own) {
    await own.press('#card-sign-up', 'Send me a code', { status: 200 });
    await own.turnTo('#card-guess');
    await own.type('guess-count', '6');
    await own.press('#card-codes', 'Wrong sign-up codes', { status: 422 });
    await own.useMail('sign_up_code');
    await own.press('#card-sign-up', 'Verify and sign in', { status: 422 });
    const flood = await own.press('#card-flood', 'Ask for links', { status: 429 });
    assert.match(flood.text, /6 sent: 1 × 200, 5 × 429/);
  },

  async 'somebody new has an inbox and a standing of their own'(own) {
    await own.signUp();
    await own.page.getByRole('button', { name: 'Somebody new' }).click();
    assert.notEqual(await own.value('person-email'), 'jo@example.com');
    await own.actAs('Second device');
    await own.signUp();
    await own.actAs('This browser');
    assert.match(await own.page.textContent('#standing-text'), /jo@example\.com/);
  },
};
