"""What generated requests need to get past the doors: somebody who is signed in, codes that were mailed, a client of their own.

Every other request that is right by the document is made right by the server as well, see `RIGHT`. What is wrong by the document
stays as it was generated.

`COUNTERSIGN_ANSWERED` names a file for what was answered: `{"POST /v1/login": {"200": 12, "422": 30}}`.
"""

import atexit
import base64
import collections
import datetime
import hashlib
import hmac
import itertools
import json
import os
import urllib.parse
import urllib.request

import schemathesis
from schemathesis import GenerationMode

BASE = os.environ["COUNTERSIGN_URL"]
PASSWORD = "MyPassword1!"

# So many requests to an endpoint come from one client, which may send sixty a minute; ten to some.
REQUESTS_A_CLIENT = 15

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
numbers = itertools.count(1)
asked = collections.Counter()
answered = collections.defaultdict(collections.Counter)
clients = {}
bearer = {}


def client():
    """An address that nobody has had before; the server is told to trust one proxy."""
    n = next(numbers)
    return f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"


def ask(method, path, body=None, token=None):
    """A request of these hooks themselves: the JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data=data, method=method)
    request.add_header("X-Forwarded-For", client())
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)


def wait(seconds):
    ask("POST", "/dev/clock", {"advance_seconds": seconds})


def mailed(email, what):
    """The newest code, or the token of the newest link, that was mailed to an address."""
    mails = ask("GET", "/dev/mail?to=" + urllib.parse.quote(email))["messages"]
    text = next(mail[what] for mail in reversed(mails) if mail[what])
    return urllib.parse.parse_qs(urllib.parse.urlsplit(text).fragment)["token"][0] if what == "link" else text


def stranger():
    return f"u{next(numbers)}@example.com"


def begun():
    """A sign-up that has begun: what verifies it."""
    email = stranger()
    body = {"email": email, "password": PASSWORD}
    session = ask("POST", "/v1/create-account", body)["data"]["session_id"]
    return {"email": email, "session_id": session, "code": mailed(email, "code")}


def registered():
    """The same by the other family."""
    email = stranger()
    body = {"fullname": "Jo Doe", "email": email, "password": PASSWORD}
    return email, ask("POST", "/auth/register", body)["data"]["otpSession"]


def member():
    """Somebody with an account: the address and the token."""
    body = begun()
    return body["email"], ask("POST", "/v1/verify-email-otp", body)["data"]["token"]


def credentials():
    return {"email": member()[0], "password": PASSWORD}


def asked_for_link():
    email, _ = member()
    wait(60)
    session = ask("POST", "/v1/magic-link", {"email": email})["data"]["session_id"]
    return email, session


def half_in():
    """Somebody who followed a link and is asked for the password."""
    email, token = member()
    ask("POST", "/v1/two-factor/email/enable", {"password": PASSWORD}, token)
    wait(60)
    ask("POST", "/v1/magic-link", {"email": email})
    login = ask("POST", "/v1/magic-link/redeem", {"link": mailed(email, "link")})["data"]["login"]
    return {"login": login, "password": PASSWORD, "code": None, "token": None}


def app_code():
    """What an authenticator app shows that the bearer is setting up."""
    return totp(ask("POST", "/v1/two-factor/totp/enroll", {"password": PASSWORD}, bearer["token"])["data"]["secret"])


def validation():
    email, session = registered()
    return {"otpSession": session, "otp": mailed(email, "code")}


def redemption():
    email, _ = registered()
    return {"email": email, "token": mailed(email, "link"), "password": PASSWORD}


def login_name():
    return {"username": member()[0], "password": PASSWORD}


def another_code():
    body = begun()
    wait(60)
    return {"email": body["email"], "session_id": body["session_id"], "password": PASSWORD}


def link_or_code():
    email, session = asked_for_link()
    if next(numbers) % 2:
        return {"link": mailed(email, "link"), "session_id": None, "code": None}
    return {"link": None, "session_id": session, "code": mailed(email, "code")}


def forgotten():
    """Somebody who has lost the password: the address, and the session of the mailed code."""
    email, _ = member()
    return email, ask("POST", "/v1/forgot-password", {"email": email})["data"]["session_id"]


def forgotten_again():
    _, session = forgotten()
    wait(60)
    return {"session_id": session}


def recovery_link_or_code():
    email, session = forgotten()
    if next(numbers) % 2:
        return {"link": mailed(email, "link"), "session_id": None, "code": None}
    return {"link": None, "session_id": session, "code": mailed(email, "code")}


def new_password():
    email, session = forgotten()
    body = {"session_id": session, "code": mailed(email, "code")}
    grant = ask("POST", "/v1/forgot-password/verify", body)["data"]["reset_token"]
    return {"reset_token": grant, "password": PASSWORD + "2", "code": None, "is_recovery": None}


def totp(secret):
    """What an authenticator app shows (RFC 6238)."""
    now = datetime.datetime.fromisoformat(ask("GET", "/dev/clock")["now"].replace("Z", "+00:00"))
    digest = hmac.digest(base64.b32decode(secret), (int(now.timestamp()) // 30).to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def with_app():
    """Somebody with an authenticator app: the address, and a bearer that has just proven it."""
    email, token = member()
    secret = ask("POST", "/v1/two-factor/totp/enroll", {"password": PASSWORD}, token)["data"]["secret"]
    ask("POST", "/v1/two-factor/totp/confirm", {"code": totp(secret)}, token)
    wait(30)
    body = {"email": email, "password": PASSWORD, "code": totp(secret)}
    return email, ask("POST", "/v1/authenticate", body)["data"]["token"]


def with_mailed_codes():
    email, token = member()
    ask("POST", "/v1/two-factor/email/enable", {"password": PASSWORD}, token)
    return email, token


def lost_app():
    """The operator's word takes the place of the wait."""
    email, _ = with_app()
    ask("POST", "/dev/account", {"email": email, "action": "start_factor_reset"})
    return {"email": email, "password": PASSWORD}


def lost_app_code():
    body = lost_app()
    ask("POST", "/v1/two-factor/recover", body)
    return {**body, "code": mailed(body["email"], "code")}


def stop_link():
    return {"token": mailed(lost_app()["email"], "link")}


def new_address():
    _, token = member()
    email = stranger()
    body = {"email": email, "password": PASSWORD}
    session = ask("POST", "/v1/change-email", body, token)["data"]["session_id"]
    return {"session_id": session, "code": mailed(email, "code")}


def proof():
    return {"password": PASSWORD, "code": None, "token": None, "is_recovery": None}


def operated():
    return {"email": member()[0], "action": ("suspend", "resume", "require_password_change")[next(numbers) % 3]}


def no_second_factor():
    return {"token": None, "code": None, "is_recovery": None, "device_token": None, **credentials()}


def newcomer():
    return {"email": stranger(), "password": PASSWORD}


# Fields of bodies that the server says yes to. Those that were not generated and may be absent stay absent.
RIGHT = {
    "POST /auth/register": newcomer,
    "POST /auth/validate/registration": validation,
    "POST /auth/register/redeem": redemption,
    "POST /auth/login": login_name,
    "POST /v1/create-account": lambda: {"language": "nl-NL", **newcomer()},
    "POST /v1/verify-email-otp": begun,
    "POST /v1/resend-email-otp": another_code,
    "POST /v1/login": lambda: {"device_token": None, **credentials()},
    "POST /v1/authenticate": no_second_factor,
    "POST /v1/magic-link": lambda: {"email": stranger(), "language": "nl-NL"},
    "POST /v1/magic-link/redeem": link_or_code,
    "POST /v1/two-factor/prove": half_in,
    "POST /v1/two-factor/totp/enroll": lambda: {"password": PASSWORD},
    "POST /v1/two-factor/totp/confirm": lambda: {"code": app_code()},
    "POST /v1/two-factor/email/enable": lambda: {"password": PASSWORD},
    "POST /v1/forgot-password": lambda: {"email": stranger(), "language": "nl-NL"},
    "POST /v1/forgot-password/resend": forgotten_again,
    "POST /v1/forgot-password/verify": recovery_link_or_code,
    "POST /v1/reset-password": new_password,
    "POST /v1/two-factor/recover": lost_app,
    "POST /v1/two-factor/recover/finish": lost_app_code,
    "POST /v1/two-factor/recover/cancel": stop_link,
    "POST /v1/step-up": proof,
    "POST /v1/two-factor/totp/remove": lambda: {"password": PASSWORD},
    "POST /v1/two-factor/email/disable": lambda: {"password": PASSWORD},
    "POST /v1/two-factor/recovery-codes": lambda: {"password": PASSWORD},
    "POST /v1/change-password": lambda: {"current_password": PASSWORD, "password": PASSWORD + "2"},
    "POST /v1/change-email": newcomer,
    "POST /v1/change-email/verify": new_address,
    "POST /v1/delete-account": lambda: {"password": PASSWORD},
    "POST /v1/devices": lambda: {"label": "Kitchen"},
    "POST /dev/account": operated,
}

# The same for parameters in paths.
RIGHT_PATH = {
    "PUT /auth/resend/otp/{session}": lambda: {"session": registered()[1]},
    "DELETE /auth/otp/{session}": lambda: {"session": registered()[1]},
}

# What can be asked for once by each bearer, who has to have what it is about.
ONCE = {
    "POST /v1/logout": member,
    "POST /v1/two-factor/totp/confirm": member,
    "POST /v1/step-up": member,
    "POST /v1/two-factor/totp/remove": with_app,
    "POST /v1/two-factor/email/disable": with_mailed_codes,
    "POST /v1/two-factor/recovery-codes": with_app,
    "POST /v1/change-password": member,
    "POST /v1/change-email": member,
    "POST /v1/delete-account": member,
    # Trust is for who has signed in a moment ago.
    "POST /v1/devices": member,
    "POST /v1/step-up/mail": member,
}

# What is in a body whichever of its fields were generated.
ALWAYS = {
    "POST /v1/magic-link/redeem": ("link", "session_id", "code"),
    "POST /v1/two-factor/prove": ("password",),
    "POST /v1/forgot-password/verify": ("link", "session_id", "code"),
    "POST /v1/step-up": ("password",),
}


def asks_for_bearer(case):
    return "security" in case.operation.definition.raw


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """The token of somebody, until it may be dead or its owner out of tries: then that of somebody else."""

    def get(self, case, context):
        if not asks_for_bearer(case):
            return None
        if "token" not in bearer or case.operation.label in ONCE:
            bearer["token"] = ONCE.get(case.operation.label, member)()[1]
        return bearer["token"]

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, **kwargs):
    label = case.operation.label
    if asked[label] % REQUESTS_A_CLIENT == 0:
        clients[label] = client()
    asked[label] += 1
    case.headers = case.headers or {}
    case.headers["X-Forwarded-For"] = clients[label]
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE or asked[label] % 2:
        return
    if asks_for_bearer(case) and case.headers.get("Authorization") != f"Bearer {bearer.get('token')}":
        return
    if label in RIGHT and isinstance(case.body, dict):
        right = RIGHT[label]()
        takes = (*case.body, *ALWAYS.get(label, ()))
        case.body = {name: right.get(name, case.body.get(name)) for name in takes}
    if label in RIGHT_PATH:
        case.path_parameters.update(RIGHT_PATH[label]())
        wait(60)


@schemathesis.hook
def after_call(context, case, response):
    label, status = case.operation.label, response.status_code
    answered[label][status] += 1
    spent = status in (401, 403, 429) or asked[label] % 5 == 0
    if spent and "Authorization" in response.request.headers:
        bearer.pop("token", None)


@atexit.register
def report():
    path = os.environ.get("COUNTERSIGN_ANSWERED")
    if path and answered:
        with open(path, "w", encoding="utf-8") as file:
            json.dump({label: dict(sorted(counts.items())) for label, counts in sorted(answered.items())}, file)
