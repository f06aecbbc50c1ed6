// Pools and their backends: state, load, weight, latency, and what can be done about them.

import { askFaults, command } from './act.js';
import { pathOf } from './commands.js';
import { el, reconcile, setAttribute, setText, show } from './dom.js';
import * as format from './format.js';
import { Pager } from './pager.js';
import { draw, spark } from './spark.js';
import { Table, text } from './table.js';

const policies = ['RoundRobin', 'WeightedRoundRobin', 'LeastConnections', 'Random', 'PowerOfTwoChoices', 'PeakEwma', 'SourceHash', 'ConsistentHash', 'First'];
const rowsAtOnce = 20;

export class PoolsPanel {
  title = 'Pools';
  #filter = el('input', { type: 'search', id: 'backend-filter', placeholder: 'name, address or state', oninput: () => this.#filterChanged() });
  #pools = el('div', { class: 'pools' });
  #empty = el('p', { class: 'quiet' }, 'No pools are configured.');
  #last = null;
  node = el('div', {}, el('div', { class: 'tools' }, el('label', { for: 'backend-filter' }, 'Show backends with '), this.#filter), this.#pools, this.#empty);

  count({ pools }) {
    return pools.length;
  }

  draw(statistics, history) {
    this.#last = [statistics, history];
    const wanted = this.#filter.value.trim().toLowerCase();
    show(this.#empty, statistics.pools.length === 0);
    show(this.#filter.parentElement, statistics.pools.length > 0);
    reconcile(this.#pools, statistics.pools, pool => pool.name, pool => new PoolCard(pool).node, (node, pool) => node.card.draw(pool, history, wanted));
  }

  #filterChanged() {
    if (this.#last) {
      this.draw(...this.#last);
    }
  }
}

class PoolCard {
  #pool;
  #last = null;
  #facts = el('span', { class: 'quiet' });
  #warning = el('span', { class: 'badge Unhealthy' });
  #faults = el('p', { class: 'faulty' });
  #policy;
  #table;
  #pager;
  #none = el('p', { class: 'quiet' });

  constructor(pool) {
    this.#pool = pool;
    const id = `policy-${pool.name}`;
    this.#policy = el('select', { id, onchange: () => this.#setPolicy() }, ...policies.map(policy => el('option', { value: policy }, format.words(policy))));
    this.#table = new Table(`Backends of ${pool.name}`, this.#columns());
    this.#pager = new Pager(rowsAtOnce, pool.name, () => this.draw(...this.#last));
    this.node = el('section', { class: 'card pool-card', 'aria-label': `Pool ${pool.name}` },
      el('div', { class: 'card-head' },
        el('h3', {}, pool.name), this.#warning, this.#facts, el('span', { class: 'spacer' }),
        el('label', { for: id, class: 'quiet' }, 'Policy'), this.#policy,
        el('button', { type: 'button', onclick: () => askFaults(`pool ${pool.name}`, pathOf.pool(pool.name), this.#pool.faults) }, 'Faults…')),
      this.#faults, this.#table.node, this.#none, this.#pager.node);
    this.node.card = this;
  }

  draw(pool, history, wanted) {
    this.#last = [pool, history, wanted];
    this.#pool = pool;
    const facts = [
      pool.service, `${pool.healthy} of ${pool.backends.length} can be picked`,
      `${format.number(pool.active)}${pool.capacity === null ? '' : ` of ${format.number(pool.capacity)}`} active`,
      pool.queued > 0 ? `${format.number(pool.queued)} wait` : null,
      pool.tier > 0 ? `tier ${pool.tier}` : null,
    ];
    setText(this.#facts, facts.filter(fact => fact).join(' · '));
    setText(this.#warning, pool.isPanicking ? 'panics: all are used' : pool.healthy === 0 ? 'none can be picked' : '');
    show(this.#warning, pool.isPanicking || pool.healthy === 0);
    setText(this.#faults, pool.faults ? `Faults at every backend: ${format.faults(pool.faults)}` : '');
    show(this.#faults, pool.faults !== null && pool.faults !== undefined);
    if (document.activeElement !== this.#policy) {
      this.#policy.value = pool.policy;
    }
    const rows = wanted === '' ? pool.backends : pool.backends.filter(backend =>
      `${backend.name} ${backend.address} ${backend.state}`.toLowerCase().includes(wanted));
    const peak = Math.max(1, ...pool.backends.map(backend => backend.active));
    const shown = this.#pager.cut(rows);
    this.#table.draw(shown.map(backend => ({ backend, peak, history, key: `${pool.name} ${backend.address}` })), row => row.backend.address);
    show(this.#table.node, rows.length > 0);
    setText(this.#none, pool.backends.length === 0 ? 'Discovery found no backends.' : `None of ${pool.backends.length} backends matches.`);
    show(this.#none, rows.length === 0);
    show(this.node, wanted === '' || rows.length > 0);
  }

  #columns() {
    return [
      {
        title: 'Backend', isHead: true, class: 'name-cell',
        create: cell => cell.append(el('span', { class: 'name' }), el('span', { class: 'quiet address' })),
        update: (cell, { backend }) => {
          setText(cell.children[0], backend.name);
          setText(cell.children[1], backend.name === backend.address ? '' : backend.address);
          setAttribute(cell, 'title', `${backend.name} ${backend.address}`);
        },
      },
      {
        title: 'State', class: 'state-cell',
        create: cell => cell.append(el('span', {}), el('span', { class: 'quiet reason' })),
        update: (cell, { backend }) => {
          setText(cell.children[0], format.words(backend.state));
          setAttribute(cell.children[0], 'class', `badge ${backend.state}`);
          setText(cell.children[1], whyNot(backend));
          setAttribute(cell, 'title', [backend.reason, backend.lastError, backend.faults ? `faults: ${format.faults(backend.faults)}` : null].filter(part => part).join('; '));
        },
      },
      {
        title: 'Active', class: 'figure load-cell',
        create: cell => cell.append(el('span', {}), el('span', { class: 'load', 'aria-hidden': 'true' }, el('span', {}))),
        update: (cell, { backend, peak }) => {
          setText(cell.children[0], backend.maxConnections === null ? format.number(backend.active) : `${format.number(backend.active)} of ${format.number(backend.maxConnections)}`);
          const share = Math.min(100, Math.round(100 * backend.active / (backend.maxConnections ?? peak)));
          if (cell.share !== share) {
            cell.share = share;
            cell.children[1].firstChild.style.width = `${share}%`;
          }
        },
      },
      text('Picks', ({ history, key }) => format.rate(history.flow(`picks ${key}`)), { class: 'figure' }),
      {
        title: 'Latency', class: 'figure latency-cell',
        create: (cell, row) => cell.append(el('span', {}), spark(84, 24, `Latency of ${row().backend.name}, last minute`)),
        update: (cell, { backend, history, key }) => {
          setText(cell.children[0], format.milliseconds(backend.latencyMilliseconds));
          draw(cell.children[1], history.series(`latency ${key}`));
        },
      },
      text('Failures', ({ backend }) => format.number(backend.failures), { class: 'figure' }),
      {
        title: 'Weight', class: 'figure weight-cell',
        create: (cell, row) => cell.append(el('input', {
          type: 'number', min: 1, max: 256, required: true, 'aria-label': `Weight of ${row().backend.name}`,
          onchange: event => this.#setWeight(event.target, row().backend),
        })),
        update: (cell, { backend }) => {
          if (document.activeElement !== cell.firstChild) {
            cell.firstChild.value = backend.weight;
          }
        },
      },
      {
        title: 'Commands', class: 'commands-cell',
        create: (cell, row) => cell.append(
          this.#button('Drain', row, 'drain', name => `${name} drains: nothing new goes there.`),
          this.#button('Resume', row, 'resume', name => `${name} is back.`),
          this.#button('Eject', row, 'eject', name => `${name} is ejected, and comes back by itself.`),
          el('button', { type: 'button', 'aria-label': `Faults at ${row().backend.name}`, onclick: () => askFaults(row().backend.name, pathOf.backend(this.#pool.name, row().backend.address), row().backend.faults) }, 'Faults…')),
        update: (cell, { backend }) => {
          const isOut = backend.state === 'Draining' || backend.state === 'Ejected';
          swap(cell.children[0], cell.children[1], isOut);
          cell.children[2].disabled = isOut;
        },
      },
    ];
  }

  #button(word, row, verb, done) {
    return el('button', {
      type: 'button', 'aria-label': `${word} ${row().backend.name}`,
      onclick: () => command('POST', `${pathOf.backend(this.#pool.name, row().backend.address)}/${verb}`, undefined, done(row().backend.name)),
    }, word);
  }

  async #setWeight(input, backend) {
    if (!input.reportValidity()) {
      return;
    }
    const answer = await command('POST', `${pathOf.backend(this.#pool.name, backend.address)}/weight`, { weight: Number(input.value) }, `${backend.name} has weight ${input.value}.`);
    input.value = answer?.weight ?? backend.weight;
  }

  async #setPolicy() {
    const policy = this.#policy.value;
    const answer = await command('PUT', `${pathOf.pool(this.#pool.name)}/policy`, { policy }, `${this.#pool.name} picks by ${format.words(policy)}.`);
    this.#policy.value = answer?.policy ?? this.#pool.policy;
  }
}

// Shows one of two buttons; where the other had the focus, this one gets it.
function swap(first, second, isSecond) {
  const [on, off] = isSecond ? [second, first] : [first, second];
  if (on.hidden || !off.hidden) {
    const hadFocus = document.activeElement === off;
    on.hidden = false;
    off.hidden = true;
    if (hadFocus) {
      on.focus();
    }
  }
}

function whyNot(backend) {
  if (backend.state === 'Ejected' && backend.ejectedUntil) {
    const left = (new Date(backend.ejectedUntil) - Date.now()) / 1000;
    return left > 0 ? `for ${format.span(left)}` : '';
  }
  if (backend.faults) {
    return 'faulty';
  }
  return backend.state === 'Unhealthy' ? backend.lastError ?? backend.reason ?? '' : '';
}
