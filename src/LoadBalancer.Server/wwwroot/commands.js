// Commands of the admin endpoint, and the token that they need.

const key = 'loadbalancer-token';

/** A command that was refused, with the reason that the balancer gave. */
export class CommandError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const token = new class extends EventTarget {
  /** A link may bring the token behind the #, which browsers do not send; it must not stay in the address. */
  takeFromAddress() {
    const match = /^#(?:.*&)?token=([^&]+)/.exec(location.hash);
    if (match) {
      history.replaceState(null, '', location.pathname + location.search);
      this.set(decodeURIComponent(match[1]));
    }
  }

  get() {
    return sessionStorage.getItem(key);
  }

  set(value) {
    sessionStorage.setItem(key, value);
    this.dispatchEvent(new Event('change'));
  }

  forget() {
    sessionStorage.removeItem(key);
    this.dispatchEvent(new Event('change'));
  }
}();

/** Sends a request with the token. */
export async function send(method, path, body) {
  const headers = { Authorization: `Bearer ${token.get() ?? ''}` };
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store' });
  } catch {
    throw new CommandError(0, 'The balancer does not answer.');
  }
  if (response.ok) {
    return response.status === 204 ? null : response.json();
  }
  let detail = `The balancer answered ${response.status}.`;
  if (response.headers.get('Content-Type')?.startsWith('application/problem+json')) {
    detail = (await response.json()).detail ?? detail;
  }
  throw new CommandError(response.status, detail);
}

// ':' may stand in a path; a slash, as in unix:/path, may not.
const part = text => encodeURIComponent(text);

export const pathOf = {
  pool: pool => `/admin/pools/${part(pool)}`,
  backend: (pool, backend) => `/admin/pools/${part(pool)}/backends/${part(backend)}`,
  route: route => `/admin/routes/${part(route)}`,
  connection: id => `/admin/connections/${id}`,
};
