import { setAttribute, svg } from './dom.js';

const points = 60;

/** Makes an empty line of the last minute. */
export function spark(width, height, label) {
  return svg('svg', { class: 'spark', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label, preserveAspectRatio: 'none' },
    svg('path', { class: 'spark-area' }), svg('path', { class: 'spark-line' }));
}

/** Draws values, oldest first; null is a gap. The line ends at the right, and its height is that of the highest value. */
export function draw(node, values) {
  const width = Number(node.getAttribute('width'));
  const height = Number(node.getAttribute('height'));
  const highest = Math.max(...values.filter(value => value !== null), 0);
  const step = width / (points - 1);
  const first = points - values.length;
  let line = '';
  let area = '';
  let runStart = null;
  let last = 0;
  values.forEach((value, index) => {
    const x = ((first + index) * step).toFixed(1);
    if (value === null) {
      if (runStart !== null) {
        area += `L${last} ${height}Z`;
        runStart = null;
      }
      return;
    }
    const y = (height - 1 - (highest === 0 ? 0 : value / highest * (height - 3))).toFixed(1);
    line += `${runStart === null ? 'M' : 'L'}${x} ${y}`;
    area += runStart === null ? `M${x} ${height}L${x} ${y}` : `L${x} ${y}`;
    runStart ??= x;
    last = x;
  });
  if (runStart !== null) {
    area += `L${last} ${height}Z`;
  }
  setAttribute(node.firstChild, 'd', area || null);
  setAttribute(node.lastChild, 'd', line || null);
}
