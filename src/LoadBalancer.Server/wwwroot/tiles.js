// The figures of the whole balancer.

import { el, reconcile, setAttribute, setText, show } from './dom.js';
import * as format from './format.js';
import { draw, spark } from './spark.js';

export function drawTiles(root, statistics, history) {
  const backends = statistics.pools.flatMap(pool => pool.backends);
  const usable = statistics.pools.reduce((sum, pool) => sum + pool.healthy, 0);
  const tiles = [
    statistics.layer7.listeners.length > 0 && { title: 'Requests', value: format.rate(history.flow('requests')), series: 'requests' },
    statistics.layer4.listeners.length > 0 && { title: 'Connections', value: format.rate(history.flow('connections')), series: 'connections' },
    statistics.layer4.listeners.length > 0 && { title: 'Relayed', value: `${format.bytes(history.flow('bytes'))}/s`, series: 'bytes' },
    { title: 'Active', value: format.number(statistics.pools.reduce((sum, pool) => sum + pool.active, 0)), series: 'active' },
    { title: 'Failed or refused', value: format.rate(history.flow('failures')), series: 'failures', isProblem: history.flow('failures') > 0 },
    { title: 'Backends', value: `${usable} of ${backends.length}`, note: 'can be picked', isProblem: usable < backends.length },
  ].filter(tile => tile);
  reconcile(root, tiles, tile => tile.title, tile => el('div', { class: 'tile' },
    el('span', { class: 'quiet' }, tile.title), el('strong', {}), el('span', { class: 'quiet' }), spark(140, 28, `${tile.title}, last minute`)), (node, tile) => {
    const [, value, note, line] = node.children;
    setText(value, tile.value);
    setText(note, tile.note ?? '');
    setAttribute(node, 'class', `tile${tile.isProblem ? ' problem' : ''}`);
    show(note, tile.note !== undefined);
    line.style.display = tile.series ? '' : 'none';
    if (tile.series) {
      draw(line, history.series(tile.series));
    }
  });
}
