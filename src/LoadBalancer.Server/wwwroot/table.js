import { el, reconcile, setAttribute, setText } from './dom.js';

/**
 * A table whose rows keep their nodes. On a narrow screen the style sheet makes a block of each row, with the
 * columns' titles beside the values.
 * @param columns each with a title, a class, how a cell is made (create, optional) and brought in line (update), and
 * for columns that can be sorted by, a name (sort)
 */
export class Table {
  #columns;
  #body = el('tbody');
  #heads = [];
  #sort = null;
  #sorted;
  node;

  constructor(label, columns, sorted = () => {}) {
    this.#columns = columns;
    this.#sorted = sorted;
    const head = el('tr', {}, ...columns.map(column => this.#head(column)));
    this.node = el('div', { class: 'table' }, el('table', { 'aria-label': label }, el('thead', {}, head), this.#body));
  }

  /** What the rows are sorted by: the name of a column, and whether from the largest. */
  get sort() {
    return this.#sort;
  }

  draw(rows, keyOf) {
    reconcile(this.#body, rows, keyOf, row => this.#create(row), (node, row) => {
      node.item = row;
      this.#columns.forEach((column, index) => column.update(node.children[index], row));
    });
  }

  #create(row) {
    const node = el('tr');
    node.item = row;
    node.append(...this.#columns.map(column => {
      const cell = el(column.isHead ? 'th' : 'td', { class: column.class, 'data-title': column.title, scope: column.isHead ? 'row' : null });
      column.create?.(cell, () => node.item);
      return cell;
    }));
    return node;
  }

  #head(column) {
    const node = el('th', { scope: 'col', class: column.class });
    if (!column.sort) {
      node.append(column.title);
      return node;
    }
    node.append(el('button', { type: 'button', class: 'sort', onclick: () => this.#sortBy(column.sort, node) }, column.title));
    this.#heads.push(node);
    return node;
  }

  #sortBy(name, node) {
    this.#sort = { name, isDescending: this.#sort?.name === name ? !this.#sort.isDescending : false };
    for (const head of this.#heads) {
      setAttribute(head, 'aria-sort', head !== node ? null : this.#sort.isDescending ? 'descending' : 'ascending');
    }
    this.#sorted();
  }
}

/** A column of plain text. */
export function text(title, value, more = {}) {
  return { title, update: (cell, row) => setText(cell, value(row)), ...more };
}
