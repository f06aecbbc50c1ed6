// The figures as they come from GET /events, and what can be said of them over time.

const seconds = 60;
const flowSeconds = 5;

/** Applies what the server says has changed: pairs of a path and the value that belongs there. */
export function apply(state, changes) {
  for (const [path, value] of changes) {
    if (path.length === 0) {
      state = value;
      continue;
    }
    let owner = state;
    for (const step of path.slice(0, -1)) {
      owner = owner[step];
    }
    owner[path.at(-1)] = value;
  }
  return state;
}

/** What counters did in each of the last sixty seconds. */
export class History {
  #series = new Map();
  #sample = 0;
  #process = null;
  #at = null;

  /** Takes note of a sample; a balancer that was started anew begins a new history. */
  record({ at, statistics }) {
    const process = `${statistics.processId} ${statistics.startedAt}`;
    if (process !== this.#process) {
      this.#series.clear();
      this.#at = null;
      this.#process = process;
    }
    const elapsed = this.#at === null ? null : (at - this.#at) / 1000;
    this.#at = at;
    this.#sample++;
    const totals = { requests: 0, connections: 0, failures: 0, active: 0, bytes: 0 };
    for (const listener of statistics.layer4.listeners) {
      this.#count(`listener4 ${listener.name}`, listener.accepted, elapsed);
      totals.connections += listener.accepted;
      totals.failures += listener.refused;
      totals.bytes += listener.bytesToBackend + listener.bytesToClient;
    }
    for (const route of statistics.layer7.routes) {
      this.#count(`route ${route.name}`, route.requests, elapsed);
      this.#count(`forwarded ${route.name}`, route.forwarded, elapsed);
      this.#count(`cached ${route.name}`, route.cacheHits, elapsed);
      this.#count(`failed ${route.name}`, route.failed, elapsed);
      for (const part of route.split) {
        this.#count(`split ${route.name} ${part.pool}`, part.requests, elapsed);
      }
      if (route.mirror) {
        this.#count(`mirror ${route.name}`, Object.values(route.mirror.results).reduce((sum, count) => sum + count, 0), elapsed);
      }
      totals.requests += route.requests;
      totals.failures += route.failed;
    }
    for (const listener of statistics.layer7.listeners) {
      this.#count(`listener7 ${listener.name}`, listener.requests, elapsed);
    }
    for (const pool of statistics.pools) {
      let picks = 0;
      totals.active += pool.active;
      for (const backend of pool.backends) {
        const key = `${pool.name} ${backend.address}`;
        picks += this.#count(`picks ${key}`, backend.picks, elapsed);
        this.#count(`failures ${key}`, backend.failures, elapsed);
        this.#keep(`latency ${key}`, backend.latencyMilliseconds);
        this.#keep(`active ${key}`, backend.active);
      }
      this.#keep(`pool ${pool.name}`, picks);
    }
    this.#count('requests', totals.requests, elapsed);
    this.#count('connections', totals.connections, elapsed);
    this.#count('failures', totals.failures, elapsed);
    this.#count('bytes', totals.bytes, elapsed);
    this.#keep('active', totals.active);
    for (const [key, entry] of this.#series) {
      if (entry.sample !== this.#sample) {
        this.#series.delete(key);
      }
    }
  }

  /** The values of the last minute, oldest first. */
  series(key) {
    return this.#series.get(key)?.values ?? [];
  }

  /** The newest value. */
  now(key) {
    return this.series(key).at(-1) ?? 0;
  }

  /** The mean of the last seconds. */
  flow(key) {
    const values = this.series(key).slice(-flowSeconds).filter(value => value !== null);
    return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  #count(key, total, elapsed) {
    const entry = this.#entry(key);
    // A counter that fell is a new one of the same name.
    const value = entry.total === null || elapsed === null || elapsed <= 0 || total < entry.total ? 0 : (total - entry.total) / elapsed;
    if (entry.total !== null) {
      push(entry.values, value);
    }
    entry.total = total;
    return value;
  }

  #keep(key, value) {
    push(this.#entry(key).values, value);
  }

  #entry(key) {
    let entry = this.#series.get(key);
    if (!entry) {
      entry = { values: [], total: null };
      this.#series.set(key, entry);
    }
    entry.sample = this.#sample;
    return entry;
  }
}

function push(values, value) {
  values.push(value);
  if (values.length > seconds) {
    values.shift();
  }
}

/** Follows GET /events. The browser connects again by itself. */
export class Feed extends EventTarget {
  #state = null;
  history = new History();

  start() {
    const source = new EventSource('/events');
    source.addEventListener('whole', event => this.#take(JSON.parse(event.data)));
    source.addEventListener('changes', event => {
      if (this.#state) {
        this.#take(apply(this.#state, JSON.parse(event.data)));
      }
    });
    source.addEventListener('picks', event => this.dispatchEvent(new CustomEvent('picks', { detail: JSON.parse(event.data) })));
    source.addEventListener('open', () => this.#tell(true));
    source.addEventListener('error', () => {
      this.#tell(false);
      // An answer that is no event stream ends it for good; the balancer may be starting anew.
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(() => this.start(), 2000);
      }
    });
  }

  #take(state) {
    this.#state = state;
    this.history.record(state);
    this.dispatchEvent(new CustomEvent('sample', { detail: state }));
  }

  #tell(isOpen) {
    this.dispatchEvent(new CustomEvent('link', { detail: isOpen }));
  }
}
