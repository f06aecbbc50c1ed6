// The connection table of Layer 4; in NAT mode the rows are the kernel's.

import { command } from './act.js';
import { Asked } from './asked.js';
import { pathOf, token } from './commands.js';
import { el, setText, show } from './dom.js';
import * as format from './format.js';
import { Pager } from './pager.js';
import { Table, text } from './table.js';

const rowsAtOnce = 50;
const mostRows = 10_000;

const order = {
  id: (a, b) => a.id - b.id,
  client: (a, b) => a.client.localeCompare(b.client, 'en', { numeric: true }),
  listener: (a, b) => a.listener.localeCompare(b.listener),
  backend: (a, b) => (a.backend ?? '').localeCompare(b.backend ?? '', 'en', { numeric: true }),
  age: (a, b) => (b.since ?? '').localeCompare(a.since ?? ''),
  bytesToBackend: (a, b) => a.bytesToBackend - b.bytesToBackend,
  bytesToClient: (a, b) => a.bytesToClient - b.bytesToClient,
};

export class ConnectionsPanel {
  title = 'Connections';
  #rows = [];
  #total = 0;
  #filter = el('input', { type: 'search', id: 'connection-filter', placeholder: 'client, listener, pool, backend, name', oninput: () => this.#filterChanged() });
  #note = el('p', { class: 'quiet' });
  #table = new Table('Connections', this.#columns(), () => this.#draw());
  #pager = new Pager(rowsAtOnce, 'connections', () => this.#draw());
  #asked = new Asked(() => `/admin/connections?limit=${mostRows}`, 'The connection table', list => {
    this.#rows = list.connections;
    this.#total = list.total;
    this.#draw();
  });
  #shown = el('div', {}, el('div', { class: 'tools' }, el('label', { for: 'connection-filter' }, 'Show connections with '), this.#filter), this.#note, this.#table.node, this.#pager.node);
  node = el('section', { class: 'card', 'aria-label': 'Connections' }, this.#asked.node, this.#shown);

  constructor() {
    token.addEventListener('change', () => show(this.#shown, token.get() !== null));
    show(this.#shown, token.get() !== null);
  }

  isUsed({ layer4 }) {
    return layer4.listeners.length > 0;
  }

  count({ layer4 }) {
    return layer4.listeners.reduce((sum, listener) => sum + listener.active, 0);
  }

  see(isSeen) {
    this.#asked.see(isSeen);
  }

  draw() {
    // It asks by itself.
  }

  #filterChanged() {
    this.#pager.reset();
    this.#draw();
  }

  #draw() {
    const wanted = this.#filter.value.trim().toLowerCase().split(/\s+/).filter(word => word !== '');
    let rows = wanted.length === 0 ? this.#rows : this.#rows.filter(row => {
      const text = `${row.client} ${row.listener} ${row.protocol} ${row.mode} ${row.pool ?? ''} ${row.backend ?? ''} ${row.backendAddress ?? ''} ${row.serverName ?? ''}`.toLowerCase();
      return wanted.every(word => text.includes(word));
    });
    const sort = this.#table.sort;
    if (sort) {
      rows = [...rows].sort((a, b) => (sort.isDescending ? -1 : 1) * order[sort.name](a, b));
    }
    this.#table.draw(this.#pager.cut(rows), row => row.id);
    show(this.#table.node, rows.length > 0);
    const left = this.#total > this.#rows.length ? `The oldest ${this.#rows.length.toLocaleString('en')} of ${this.#total.toLocaleString('en')} are listed. ` : '';
    const nat = this.#rows.some(row => row.mode === 'Nat') ? 'Rows with mode NAT are entries of the kernel’s table, which keeps no time. ' : '';
    const none = this.#rows.length === 0 ? 'No connections are open.' : rows.length === 0 ? `None of ${this.#rows.length.toLocaleString('en')} connections matches.` : '';
    setText(this.#note, left + nat + none);
    show(this.#note, left + nat + none !== '');
  }

  #columns() {
    return [
      text('Client', row => row.client, { isHead: true, sort: 'client', class: 'name-cell mono' }),
      text('Listener', row => row.listener, { sort: 'listener' }),
      text('Mode', row => row.mode === 'Nat' ? `${row.protocol} NAT`.toUpperCase() : row.protocol.toUpperCase(), { class: 'mode-cell' }),
      {
        title: 'Backend', sort: 'backend', class: 'backend-cell',
        create: cell => cell.append(el('span', { class: 'name' }), el('span', { class: 'quiet address' })),
        update: (cell, row) => {
          setText(cell.children[0], row.backend ?? 'connecting');
          setText(cell.children[1], row.backendAddress === row.backend ? '' : row.backendAddress);
        },
      },
      text('Pool', row => row.pool ?? '–'),
      text('Server name', row => row.serverName ?? '–'),
      text('Age', row => row.since ? format.span((Date.now() - new Date(row.since)) / 1000) : '–', { class: 'figure', sort: 'age' }),
      text('To backend', row => format.bytes(row.bytesToBackend), { class: 'figure', sort: 'bytesToBackend' }),
      text('To client', row => format.bytes(row.bytesToClient), { class: 'figure', sort: 'bytesToClient' }),
      {
        title: 'Commands', class: 'command-cell',
        create: (cell, row) => cell.append(el('button', {
          type: 'button', 'aria-label': `Close the connection of ${row().client}`,
          onclick: async () => {
            await command('DELETE', pathOf.connection(row().id), undefined, `The connection of ${row().client} is closed.`);
            this.#asked.again();
          },
        }, 'Close')),
        update: () => {},
      },
    ];
  }
}
