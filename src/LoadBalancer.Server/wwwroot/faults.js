// Faults in force, everywhere they can be.

import { command } from './act.js';
import { pathOf } from './commands.js';
import { el, show } from './dom.js';
import * as format from './format.js';
import { Table, text } from './table.js';

export class FaultsPanel {
  title = 'Faults';
  #none = el('p', { class: 'quiet' }, 'No faults are in force. They are switched on at a pool, a backend or a route.');
  #table = new Table('Faults in force', [
    text('Where', fault => fault.where, { isHead: true, class: 'name-cell' }),
    text('What', fault => format.faults(fault.options), { class: 'wide-cell' }),
    {
      title: 'Commands', class: 'command-cell',
      create: (cell, fault) => cell.append(el('button', {
        type: 'button', 'aria-label': `Switch off the faults at ${fault().where}`,
        onclick: () => command('DELETE', `${fault().path}/faults`, undefined, `The faults at ${fault().where} are over.`),
      }, 'Switch off')),
      update: () => {},
    },
  ]);
  node = el('section', { class: 'card', 'aria-label': 'Faults' }, this.#none, this.#table.node);

  count(statistics) {
    return faultsOf(statistics).length;
  }

  draw(statistics) {
    const faults = faultsOf(statistics);
    this.#table.draw(faults, fault => fault.path);
    show(this.#table.node, faults.length > 0);
    show(this.#none, faults.length === 0);
  }
}

function faultsOf({ pools, layer7 }) {
  return [
    ...pools.flatMap(pool => [
      { where: `pool ${pool.name}`, path: pathOf.pool(pool.name), options: pool.faults },
      ...pool.backends.map(backend => ({ where: `${backend.name}, pool ${pool.name}`, path: pathOf.backend(pool.name, backend.address), options: backend.faults })),
    ]),
    ...layer7.routes.map(route => ({ where: `route ${route.name}`, path: pathOf.route(route.name), options: route.faults })),
  ].filter(fault => fault.options);
}
