// Routes of Layer 7: what they do, their faults, and the share that each pool of a split gets.

import { askFaults, command } from './act.js';
import { pathOf } from './commands.js';
import { el, reconcile, setAttribute, setText, show } from './dom.js';
import * as format from './format.js';
import { Pager } from './pager.js';
import { draw, spark } from './spark.js';
import { Table, text } from './table.js';

export class RoutesPanel {
  title = 'Routes';
  #table = new Table('Routes', this.#columns());
  #pager = new Pager(20, 'routes', () => this.draw(...this.#last));
  #splits = el('div', { class: 'pools' });
  #last = null;
  node = el('div', {}, el('section', { class: 'card', 'aria-label': 'Routes' }, this.#table.node, this.#pager.node), this.#splits);

  isUsed({ layer7 }) {
    return layer7.listeners.length > 0 || layer7.routes.length > 0;
  }

  count({ layer7 }) {
    return layer7.routes.length;
  }

  draw(statistics, history) {
    this.#last = [statistics, history];
    const routes = statistics.layer7.routes;
    this.#table.draw(this.#pager.cut(routes).map(route => ({ route, history })), row => row.route.name);
    reconcile(this.#splits, routes.filter(route => route.split.length > 1), route => route.name,
      route => new SplitCard(route).node, (node, route) => node.card.draw(route, history));
  }

  #columns() {
    return [
      {
        title: 'Route', isHead: true, class: 'name-cell',
        create: cell => cell.append(el('span', { class: 'name' }), el('span', { class: 'quiet address' })),
        update: (cell, { route }) => {
          setText(cell.children[0], route.name);
          setText(cell.children[1], route.path ?? 'every path');
          setAttribute(cell, 'title', `${route.name} ${route.path ?? ''}`);
        },
      },
      text('Pool', ({ route }) => route.split.length > 1 ? route.split.map(part => `${part.pool} ${part.percent} %`).join(', ') : route.pool, { class: 'backend-cell' }),
      text('Policy', ({ route }) => format.words(route.policy), { class: 'state-cell' }),
      {
        title: 'Requests', class: 'figure latency-cell',
        create: (cell, row) => cell.append(el('span', {}), spark(84, 24, `Requests of ${row().route.name}, last minute`)),
        update: (cell, { route, history }) => {
          setText(cell.children[0], format.rate(history.flow(`route ${route.name}`)));
          draw(cell.children[1], history.series(`route ${route.name}`));
        },
      },
      text('From cache', ({ route }) => format.number(route.cacheHits), { class: 'figure' }),
      text('Retries', ({ route }) => format.number(route.resilience.retries), { class: 'figure' }),
      text('Limited', ({ route }) => format.number(route.limits ? route.limits.rateLimited + route.limits.atCapacity + route.limits.tooLarge : 0), { class: 'figure' }),
      text('Failed', ({ route }) => format.number(route.failed), { class: 'figure' }),
      {
        title: 'Commands', class: 'command-cell',
        create: (cell, row) => cell.append(el('button', {
          type: 'button', 'aria-label': `Faults at route ${row().route.name}`,
          onclick: () => askFaults(`route ${row().route.name}`, pathOf.route(row().route.name), row().route.faults),
        }, 'Faults…')),
        update: () => {},
      },
    ];
  }
}

/** The share of each pool of a split; the route's own pool has the rest. */
class SplitCard {
  #route;
  #rows = el('div', { class: 'shares' });
  #own = el('p', { class: 'quiet' });

  constructor(route) {
    this.#route = route;
    this.node = el('section', { class: 'card', 'aria-label': `Split of ${route.name}` }, el('h3', {}, `Split of ${route.name}`), this.#rows, this.#own);
    this.node.card = this;
  }

  draw(route, history) {
    this.#route = route;
    const [own, ...others] = ownFirst(route);
    reconcile(this.#rows, others, part => part.pool, part => this.#create(part), (row, part) => {
      const [, slider, value, flow] = row.children;
      if (document.activeElement !== slider && !row.isSending) {
        slider.value = part.percent;
        setText(value, `${part.percent} %`);
      }
      setText(flow, format.rate(history.flow(`split ${route.name} ${part.pool}`)));
    });
    setText(this.#own, `${own.pool} gets the other ${own.percent} %, ${format.rate(history.flow(`split ${route.name} ${own.pool}`))}.`);
    show(this.#own, true);
  }

  #create(part) {
    const id = `share-${this.#route.name}-${part.pool}`;
    const row = el('div', { class: 'share' },
      el('label', { for: id }, part.pool),
      el('input', {
        id, type: 'range', min: 0, max: 100, step: 1,
        oninput: () => setText(row.children[2], `${row.children[1].value} %`),
        onchange: () => this.#send(row),
      }),
      el('output', { for: id }), el('span', { class: 'quiet' }));
    row.pool = part.pool;
    return row;
  }

  async #send(changed) {
    changed.isSending = true;
    const shares = Object.fromEntries([...this.#rows.children].map(row => [row.pool, Number(row.children[1].value)]));
    const answer = await command('PUT', `${pathOf.route(this.#route.name)}/split`, { pools: shares }, `${changed.pool} gets ${shares[changed.pool]} % of ${this.#route.name}.`);
    changed.isSending = false;
    for (const part of (answer ?? this.#route).split) {
      const row = [...this.#rows.children].find(known => known.pool === part.pool);
      if (row) {
        row.children[1].value = part.percent;
        setText(row.children[2], `${part.percent} %`);
      }
    }
  }
}

function ownFirst(route) {
  return [...route.split].sort((a, b) => (b.pool === route.pool) - (a.pool === route.pool));
}
