import { el, setText, show } from './dom.js';

/** Shows a part of a long list: only the rows of one page are in the document. */
export class Pager {
  #page = 0;
  #size;
  #changed;
  #text = el('span', { class: 'quiet', role: 'status' });
  #back;
  #next;
  node;

  constructor(size, label, changed) {
    this.#size = size;
    this.#changed = changed;
    this.#back = el('button', { type: 'button', 'aria-label': `Page before, ${label}`, onclick: () => this.#go(-1) }, '‹');
    this.#next = el('button', { type: 'button', 'aria-label': `Next page, ${label}`, onclick: () => this.#go(1) }, '›');
    this.node = el('div', { class: 'pager' }, this.#back, this.#text, this.#next);
  }

  /** The rows of the page that is shown. */
  cut(rows, total = rows.length) {
    const pages = Math.max(1, Math.ceil(rows.length / this.#size));
    this.#page = Math.min(this.#page, pages - 1);
    const first = this.#page * this.#size;
    const shown = rows.slice(first, first + this.#size);
    const left = total > rows.length ? ` (of ${total.toLocaleString('en')})` : '';
    setText(this.#text, rows.length === 0 ? 'none' : `${(first + 1).toLocaleString('en')}–${(first + shown.length).toLocaleString('en')} of ${rows.length.toLocaleString('en')}${left}`);
    this.#back.disabled = this.#page === 0;
    this.#next.disabled = this.#page >= pages - 1;
    show(this.node, rows.length > this.#size || total > rows.length);
    return shown;
  }

  reset() {
    this.#page = 0;
  }

  #go(step) {
    this.#page = Math.max(0, this.#page + step);
    this.#changed();
  }
}
