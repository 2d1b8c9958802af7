// What the page makes of answers that take long to come by: each is stubbed as docs/http.md tells it.

import assert from 'node:assert/strict';

const yes = (data, message = 'Done.') => ({ status: 200, json: { error: false, message, data } });
const no = (status, message, data = [], headers = {}) => ({ status, headers, json: { error: true, message, data } });

/// Answers a path in the server's place; a list is one answer after the other, the last for good.
async function stub(own, path, ...answers) {
  const asked = [];
  await own.page.route(`${own.server.base}${path}`, (route) => {
    const request = route.request();
    asked.push({ method: request.method(), body: request.postDataJSON(), bearer: request.headers().authorization });
    return route.fulfill(answers.length > 1 ? answers.shift() : answers[0]);
  });
  return asked;
}

const inSeconds = (seconds) => new Date(Date.now() + 1000 * seconds).toISOString().replace(/\.\d+Z$/, 'Z');

export const contract = {
  async 'a fresh proof is asked for, given, and the request repeated with the new token'(own) {
    await own.signUp();
    const removed = await stub(own, '/v1/two-factor/totp/remove', no(403, 'Prove it again.', { step_up: ['password', 'totp'] }), yes(null));
    const proven = await stub(own, '/v1/step-up', yes({ token: 'sess_new', amr: ['pwd'], aal: 1, expires_at: inSeconds(900) }));
    await stub(own, '/v1/me', yes({ email: 'jo@example.com', amr: ['pwd'], aal: 1, expires_at: inSeconds(900) }));
    const refused = await own.press('#card-has', 'Remove the app', { status: 403 });
    assert.match(refused.text, /password, totp/);
    await own.expectStanding('signed_in');
    await own.page.locator('#card-has').getByRole('link', { name: 'Prove it again' }).click();
    assert.equal(await own.focused(), 'h-step-up');
    await own.press('#card-step-up', 'Prove', { status: 200 });
    assert.deepEqual(proven[0].body, { password: 'MyPassword1!' });
    assert.equal(await own.focused(), 'repeat');
    await own.press('#card-step-up', 'Repeat POST /v1/two-factor/totp/remove', { status: 200 });
    assert.deepEqual(removed.map(({ bearer }) => bearer === 'Bearer sess_new'), [false, true]);
    await own.expectStanding('signed_in');
  },

  async 'a restricted session is told what comes first'(own) {
    await own.signUp();
    await stub(own, '/v1/sessions', no(403, 'First things first.', { required: ['change_password'] }));
    const refused = await own.press('#card-sessions', 'Show sessions', { status: 403 });
    assert.match(refused.text, /First: change password/);
    await own.expectStanding('must_act');
    await own.page.locator('#card-sessions').getByRole('link', { name: 'change password' }).click();
    const changed = await stub(own, '/v1/change-password', yes({ token: 'sess_new', expires_at: inSeconds(900) }));
    await stub(own, '/v1/me', yes({ email: 'jo@example.com', amr: ['pwd'], aal: 1, expires_at: inSeconds(900) }));
    await own.press('#card-password', 'Change', { status: 200 });
    assert.deepEqual(changed[0].body, { current_password: 'MyPassword1!', password: 'MyOtherPassword3!' });
    assert.equal(await own.value('person-password'), 'MyOtherPassword3!');
    await own.expectStanding('signed_in');
  },

  async 'a lost password is set anew'(own) {
    await stub(own, '/v1/forgot-password', yes({ session_id: 'otp_1', expires_in: 600 }));
    const checked = await stub(own, '/v1/forgot-password/verify', yes({ reset_token: 'reset_1', expires_in: 600, proofs: ['totp', 'recovery_code'] }));
    const set = await stub(own, '/v1/reset-password', { status: 422, json: { message: 'Too common.', errors: { password: ['Too common.'] } } },
      yes({ device_token: 'dev_1', expires_at: inSeconds(900) }));
    await own.press('#card-forgot', 'I lost my password', { status: 200 });
    await own.type('forgot-code', '123456');
    await own.press('#card-forgot', 'Check the code', { status: 200 });
    assert.deepEqual(checked[0].body, { session_id: 'otp_1', code: '123456' });
    assert.match(await own.page.locator('#card-forgot .more').innerText(), /totp, recovery_code/);
    assert.equal(await own.focused(), 'forgot-password');
    await own.type('forgot-proof', '654321');
    await own.press('#card-forgot', 'Set the new password', { status: 422 });
    assert.equal(await own.focused(), 'forgot-password');
    await own.press('#card-forgot', 'Set the new password', { status: 200 });
    assert.deepEqual(set[1].body, { reset_token: 'reset_1', password: 'MyNewPassword2!', code: '654321' });
    assert.equal(await own.value('person-password'), 'MyNewPassword2!');
    assert.match(await own.page.textContent('#standing-text'), /holds a device token/);
  },

  async 'a waiting period is counted down, and the clock moved to its end'(own) {
    const ready = inSeconds(259_200);
    const waiting = yes({ ready_at: ready, expires_at: inSeconds(600_000), mailed: false });
    await stub(own, '/v1/two-factor/recover', waiting, yes({ ready_at: ready, expires_at: inSeconds(600_000), mailed: true }));
    await own.press('#card-recover', 'Begin, or ask again', { status: 200 });
    await own.page.locator('#to-ready').click();
    await own.page.waitForSelector('#to-ready', { state: 'hidden' });
    const { now } = await (await own.page.request.get(`${own.server.base}/dev/clock`)).json();
    assert.ok(Date.parse(now) >= Date.parse(ready), `${now} is before ${ready}`);
    await own.press('#card-recover', 'Begin, or ask again', { status: 200 });
    assert.equal(await own.focused(), 'recover-code');
  },

  async 'a trusted device is sent along, listed and ended'(own) {
    await own.signUp();
    const device = { id: 'd1', label: 'My browser', created_at: inSeconds(0), last_used_at: null, expires_at: inSeconds(900), skips_second_factor: true };
    const asked = await stub(own, '/v1/devices', yes({ device_token: 'dev_1', expires_at: inSeconds(900) }), yes({ devices: [device] }), yes({ devices: [] }));
    const ended = await stub(own, '/v1/devices/d1', yes({ ended: 1 }));
    await own.press('#card-devices', 'Trust this device', { status: 200 });
    assert.deepEqual(asked[0].body, { label: 'My browser' });
    await own.press('#card-devices', 'Show devices', { status: 200 });
    assert.match(await own.page.locator('#devices li').innerText(), /skips the second factor/);
    await own.page.locator('#devices').getByRole('button').click();
    await own.page.waitForFunction(() => !document.querySelector('#devices li'));
    assert.equal(ended[0].method, 'DELETE');
    await own.signOut();
    const [request] = await Promise.all([own.page.waitForRequest('**/v1/login'), own.press('#card-sign-in', 'Sign in')]);
    assert.equal(request.postDataJSON().device_token, 'dev_1');
    await own.actAs('A stranger');
    const [other] = await Promise.all([own.page.waitForRequest('**/v1/login'), own.press('#card-sign-in', 'Sign in')]);
    assert.equal(other.postDataJSON().device_token, undefined, 'a stranger has none');
  },

  async 'events are shown, the newest on top'(own) {
    const event = (n, name) => ({ n, at: inSeconds(0), event: name, severity: 'info', account: 'a1', subject: null });
    await own.page.route('**/dev/events?after=*', (route) => {
      const after = Number(new URL(route.request().url()).searchParams.get('after'));
      return route.fulfill({ json: { events: [event(1, 'password.rejected'), event(2, 'guess.locked')].filter(({ n }) => n > after) } });
    });
    await own.page.reload();
    await own.page.waitForSelector('#event-list li:nth-child(2)');
    assert.deepEqual(await own.page.locator('#event-list li b').allInnerTexts(), ['guess.locked', 'password.rejected']);
  },
};
