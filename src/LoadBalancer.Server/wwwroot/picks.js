// The last picks, with the reason for each.

import { el, setText, show } from './dom.js';
import * as format from './format.js';
import { Table, text } from './table.js';

const most = 50;

export class PicksPanel {
  title = 'Picks';
  #picks = [];
  #isHeld = false;
  #hold = el('button', { type: 'button', 'aria-pressed': 'false', onclick: () => this.#toggle() }, 'Hold');
  #filter = el('input', { type: 'search', id: 'pick-filter', placeholder: 'pool, backend or reason', oninput: () => this.draw() });
  #none = el('p', { class: 'quiet' });
  #table = new Table('Last picks, newest first', [
    text('Time', pick => format.clock(pick.at), { class: 'mono time-cell' }),
    text('Pool', pick => pick.pool),
    text('Backend', pick => pick.backend, { isHead: true, class: 'name-cell' }),
    text('Policy', pick => pick.policy ? format.words(pick.policy) : 'Affinity'),
    text('Because', pick => pick.reason, { class: 'wide-cell' }),
  ]);
  node = el('section', { class: 'card', 'aria-label': 'Last picks' },
    el('div', { class: 'tools' }, el('label', { for: 'pick-filter' }, 'Show picks with '), this.#filter, this.#hold), this.#none, this.#table.node);

  constructor(feed) {
    feed.addEventListener('picks', event => {
      if (!this.#isHeld) {
        // A balancer that was started anew counts from one again.
        const known = event.detail[0].number <= (this.#picks[0]?.number ?? 0) ? [] : this.#picks;
        this.#picks = [...event.detail.reverse(), ...known].slice(0, most);
      }
    });
  }

  draw() {
    const wanted = this.#filter.value.trim().toLowerCase();
    const picks = wanted === '' ? this.#picks : this.#picks.filter(pick => `${pick.pool} ${pick.backend} ${pick.policy ?? 'affinity'} ${pick.reason}`.toLowerCase().includes(wanted));
    this.#table.draw(picks, pick => pick.number);
    show(this.#table.node, picks.length > 0);
    setText(this.#none, this.#picks.length === 0 ? 'No pick since this page was opened.' : 'None of the last picks matches.');
    show(this.#none, picks.length === 0);
  }

  #toggle() {
    this.#isHeld = !this.#isHeld;
    this.#hold.setAttribute('aria-pressed', String(this.#isHeld));
    setText(this.#hold, this.#isHeld ? 'Go on' : 'Hold');
  }
}
