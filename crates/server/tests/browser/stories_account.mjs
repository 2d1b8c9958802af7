// What somebody changes who is signed in, and what has to be proven again for it.

import assert from 'node:assert/strict';

/// Is told to prove it again, goes there, and proves it; the focus is then on the button that repeats.
async function proveAgain(own, card, prove) {
  await own.page.locator(card).getByRole('link', { name: 'Prove it again' }).click();
  assert.equal(await own.focused(), 'h-step-up');
  await prove();
  await own.press('#card-step-up', 'Prove', { status: 200 });
  assert.equal(await own.focused(), 'repeat');
}

export const account = {
  async 'a fresh proof of the app is asked for, given, and the request repeated'(own) {
    await own.signUp();
    await own.setUpApp();
    await own.pass('+5 min', 2);
    const refused = await own.press('#card-has', 'Remove the app', { status: 403 });
    assert.match(refused.text, /Asked for: totp\. /);
    assert.match(await own.page.textContent('#standing-text'), /asked to prove itself again/);
    await proveAgain(own, '#card-has', () => own.fromPhone('#card-step-up'));
    await own.press('#card-step-up', 'Repeat POST /v1/two-factor/totp/remove', { status: 200 });
    assert.ok(await own.page.locator('#repeat').isHidden());
    await own.expectStanding('signed_in');
    assert.equal(await own.mailedTo('factor_removed'), 'jo@example.com');
    await own.signOut();
    await own.signIn();
  },

  async 'a fresh proof by the password, and by a mailed code'(own) {
    await own.signUp();
    await own.pass('+5 min', 2);
    await own.press('#card-devices', 'Trust this device', { status: 403 });
    await proveAgain(own, '#card-devices', () => own.page.locator('#card-step-up').getByRole('radio', { name: 'Password' }).check());
    await own.press('#card-step-up', 'Repeat POST /v1/devices', { status: 200 });
    await own.pass('+5 min', 2);
    await own.press('#card-devices', 'Trust this device', { status: 403 });
    await own.press('#card-step-up', 'Mail me a code for this', { status: 200 });
    await own.useMail('step_up_code');
    await own.press('#card-step-up', 'Prove', { status: 200 });
    await own.press('#card-step-up', 'Repeat POST /v1/devices', { status: 200 });
  },

  async 'an app, its recovery codes anew, and what is set up'(own) {
    await own.signUp();
    await own.setUpApp();
    assert.equal(await own.mailedTo('factor_added'), 'jo@example.com');
    await own.stepUp();
    const before = await own.page.locator('#drawer').innerText();
    await own.press('#card-drawer', 'Make new ones', { status: 200 });
    await own.page.waitForFunction((old) => document.querySelector('#drawer').innerText !== old, before);
    assert.equal(await own.page.locator('#drawer li').count(), 10);
    assert.equal(await own.mailedTo('recovery_codes_issued'), 'jo@example.com');
    await own.press('#card-has', 'Show what is set up', { status: 200 });
    assert.match(await own.page.locator('#card-has .more').innerText(), /totp\s+true\s+email\s+false\s+recovery_codes_left\s+10/);
    await own.signOut();
    await own.press('#card-sign-in', 'Sign in', { status: 200 });
    await own.page.locator('#drawer').getByRole('button').first().click();
    await own.press('#card-second', 'Continue', { status: 200 });
    await own.expectStanding('signed_in');
    assert.equal(await own.mailedTo('recovery_code_used'), 'jo@example.com');
  },

  async 'mailed codes are turned on and off'(own) {
    await own.signUp();
    await own.press('#card-mailed', 'Turn off', { status: 409 });
    await own.press('#card-mailed', 'Turn on', { status: 200 });
    await own.press('#card-mailed', 'Turn off', { status: 200 });
    await own.signOut();
    await own.signIn();
  },

  async 'the password is changed, and the other device is out'(own) {
    await own.signUp();
    await own.actAs('Second device');
    await own.signIn();
    await own.press('#card-password', 'Change', { status: 200 });
    await own.expectStanding('signed_in');
    assert.equal(await own.value('person-password'), 'MyOtherPassword3!');
    assert.equal(await own.mailedTo('password_changed'), 'jo@example.com');
    await own.press('#card-me', 'Ask', { status: 200 });
    await own.actAs('This browser');
    await own.expectStanding('outside');
    await own.signIn();
    await own.type('person-password', 'not my password');
    const refused = await own.press('#card-password', 'Change', { status: 422 });
    assert.match(refused.text, /password is wrong/);
  },

  async 'the address is changed: the new one has the code, the old one is told'(own) {
    await own.signUp();
    await own.setUpApp();
    await own.stepUp();
    await own.press('#card-email', 'Ask', { status: 200 });
    await own.expectStanding('new_address');
    assert.equal(await own.mailedTo('address_change_code'), 'jo@example.org');
    assert.equal(await own.mailedTo('address_change_started'), 'jo@example.com');
    await own.type('email-code', '000000');
    await own.press('#card-email', 'Confirm the new address', { status: 422 });
    await own.useMail('address_change_code');
    assert.equal(await own.focused(), 'email-code');
    await own.press('#card-email', 'Confirm the new address', { status: 200 });
    await own.expectStanding('signed_in');
    assert.equal(await own.mails('address_changed'), 2, 'both addresses are told');
    assert.equal(await own.value('person-email'), 'jo@example.org');
    assert.match(await own.page.textContent('#standing-text'), /jo@example\.org/);
    await own.signOut();
    await own.signInWithApp();
    await own.signOut();
    await own.type('person-email', 'jo@example.com');
    await own.press('#card-sign-in', 'Sign in', { status: 422 });
  },

  async 'a change of address is given up'(own) {
    await own.signUp();
    await own.press('#card-email', 'Ask', { status: 200 });
    await own.press('#card-email', 'Give up', { status: 200 });
    await own.expectStanding('signed_in');
    assert.match(await own.page.textContent('#standing-text'), /jo@example\.com/);
  },

  async 'a trusted device skips the app, its token is used once, and it is listed and ended'(own) {
    await own.signUp();
    await own.setUpApp();
    await own.stepUp();
    await own.press('#card-devices', 'Trust this device', { status: 200 });
    await own.press('#card-devices', 'Show devices', { status: 200 });
    assert.match(await own.page.locator('#devices li').innerText(), /My browser[^]*skips the second factor/);
    await own.signOut();
    const tokens = [];
    own.page.on('request', (request) => { if (request.url().endsWith('/v1/login')) tokens.push(request.postDataJSON().device_token); });
    await own.signIn();
    await own.signOut();
    await own.pass('+5 min');
    await own.signIn();
    assert.equal(new Set(tokens).size, 2, 'each sign-in shows the token that the one before gave');
    assert.ok(tokens.every((token) => typeof token === 'string'));
    await own.actAs('A stranger');
    await own.press('#card-sign-in', 'Sign in', { status: 200 });
    await own.expectStanding('second_factor');
    assert.equal(tokens.at(-1), undefined, 'a stranger has none');
    await own.actAs('This browser');
    await own.press('#card-devices', 'Show devices', { status: 200 });
    await own.page.locator('#devices').getByRole('button').click();
    await own.page.waitForFunction(() => !document.querySelector('#devices li'));
    await own.signOut();
    await own.press('#card-sign-in', 'Sign in', { status: 200 });
    await own.expectStanding('second_factor');
  },

  async 'all devices are forgotten at once'(own) {
    await own.signUp();
    await own.press('#card-devices', 'Trust this device', { status: 200 });
    await own.press('#card-devices', 'Forget all devices', { status: 200 });
    assert.match(await own.page.locator('#card-devices .more').innerText(), /ended\s+1/);
    await own.press('#card-devices', 'Show devices', { status: 200 });
    assert.equal(await own.page.locator('#devices li').count(), 0);
  },

  async 'all other sessions are ended at once'(own) {
    await own.signUp();
    for (const other of ['Second device', 'A stranger']) {
      await own.actAs(other);
      await own.signIn();
    }
    await own.press('#card-sessions', 'End all others', { status: 200 });
    await own.expectStanding('signed_in');
    for (const other of ['Second device', 'This browser']) {
      await own.actAs(other);
      await own.expectStanding('outside');
    }
  },

  async 'the account is deleted, and the address is free'(own) {
    await own.signUp();
    await own.press('#card-delete', 'Delete my account', { status: 200 });
    await own.expectStanding('gone');
    assert.equal(await own.mailedTo('account_deleted'), 'jo@example.com');
    await own.press('#card-sign-in', 'Sign in', { status: 422 });
    await own.pass('+1 min');
    await own.signUp();
    await own.press('#card-me', 'Ask', { status: 200 });
  },
};
