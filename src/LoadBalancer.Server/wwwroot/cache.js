// What the cache of Layer 7 keeps.

import { command } from './act.js';
import { Asked } from './asked.js';
import { token } from './commands.js';
import { el, setText, show } from './dom.js';
import * as format from './format.js';
import { Pager } from './pager.js';
import { Table, text } from './table.js';

const mostAnswers = 1000;

export class CachePanel {
  title = 'Cache';
  #answers = [];
  #total = 0;
  #facts = el('p', {});
  #none = el('p', { class: 'quiet' }, 'Nothing is stored.');
  #pager = new Pager(25, 'stored answers', () => this.#draw());
  #table = new Table('Stored answers', [
    text('Address', answer => answer.url, { isHead: true, class: 'name-cell mono wide-cell' }),
    text('Route', answer => answer.route),
    text('Status', answer => answer.status, { class: 'figure' }),
    text('For', answer => answer.vary.length === 0 ? 'all requests' : answer.vary.join(', ')),
    text('Size', answer => format.bytes(answer.bytes), { class: 'figure' }),
    text('Hits', answer => format.number(answer.hits), { class: 'figure' }),
    text('Age', answer => format.span(answer.ageSeconds), { class: 'figure' }),
    text('Fresh for', answer => answer.freshSeconds > 0 ? format.span(answer.freshSeconds) : 'stale', { class: 'figure' }),
  ]);
  #asked = new Asked(() => `/admin/cache?limit=${mostAnswers}`, 'The list of stored answers', list => {
    this.#answers = list.answers;
    this.#total = list.total;
    this.#draw();
  });
  #shown = el('div', {},
    el('div', { class: 'tools' }, el('button', { type: 'button', onclick: () => this.#purge() }, 'Remove all')),
    this.#none, this.#table.node, this.#pager.node);
  node = el('section', { class: 'card', 'aria-label': 'Cache' }, this.#facts, this.#asked.node, this.#shown);

  constructor() {
    token.addEventListener('change', () => show(this.#shown, token.get() !== null));
    show(this.#shown, token.get() !== null);
  }

  isUsed({ layer7 }) {
    return layer7.routes.length > 0;
  }

  count({ layer7 }) {
    return layer7.cache.entries;
  }

  see(isSeen) {
    this.#asked.see(isSeen);
  }

  draw({ layer7: { cache } }) {
    const answered = cache.hits + cache.stale + cache.collapsed + cache.revalidated;
    const all = answered + cache.misses;
    setText(this.#facts, [
      `Stored answers: ${format.number(cache.entries)}, ${format.bytes(cache.bytes)} of ${format.bytes(cache.maxBytes)}`,
      all === 0 ? 'no request asked for one yet' : `${Math.round(100 * answered / all)} % of ${format.number(all)} requests were answered with them`,
      `${format.number(cache.evictions)} had to go for others`,
    ].join(' · '));
  }

  async #purge() {
    await command('DELETE', '/admin/cache', undefined, answer => `Removed from the cache: ${format.number(answer.removed)}.`);
    this.#asked.again();
  }

  #draw() {
    this.#table.draw(this.#pager.cut(this.#answers, this.#total), answer => `${answer.url} ${answer.route} ${answer.vary}`);
    show(this.#table.node, this.#answers.length > 0);
    show(this.#none, this.#answers.length === 0);
  }
}
