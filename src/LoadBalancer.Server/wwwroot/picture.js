// Listeners, routes and pools from left to right, with the flow of the last seconds on the arrows.

import { reconcile, setAttribute, setText, svg } from './dom.js';
import * as format from './format.js';

const nodeHeight = 56;
const rowGap = 14;
const margin = 2;
const mostDots = 10;

/** Draws into a node, as wide as it is. */
export class Picture {
  #root;
  #edges = svg('g', { 'aria-hidden': 'true' });
  #nodes = svg('g', {});
  #svg = svg('svg', { role: 'group', 'aria-label': 'Listeners, routes and pools, from left to right' }, this.#edges, this.#nodes);
  #empty = Object.assign(document.createElement('p'), { className: 'quiet', textContent: 'No listeners are configured.' });
  #last = null;

  constructor(root) {
    this.#root = root;
    root.append(this.#svg, this.#empty);
    new ResizeObserver(() => this.#last && this.draw(...this.#last)).observe(root);
  }

  draw(statistics, history) {
    this.#last = [statistics, history];
    const layout = arrange(statistics, history, Math.max(300, this.#root.clientWidth));
    this.#empty.hidden = layout.nodes.length > 0;
    setAttribute(this.#svg, 'width', layout.width);
    setAttribute(this.#svg, 'height', layout.height);
    setAttribute(this.#svg, 'viewBox', `0 0 ${layout.width} ${layout.height}`);
    reconcile(this.#edges, layout.edges, edge => edge.key, createEdge, updateEdge);
    reconcile(this.#nodes, layout.nodes, node => node.key, createNode, updateNode);
  }
}

function arrange({ layer4, layer7, pools }, history, width) {
  const hasRoutes = layer7.listeners.length > 0 || layer7.routes.length > 0;
  const columns = hasRoutes ? 3 : 2;
  const isNarrow = width < 640;
  const gap = isNarrow ? 36 : Math.min(170, Math.max(76, width * 0.13));
  const nodeWidth = Math.min(290, (width - 2 * margin - gap * (columns - 1)) / columns);
  const spread = columns > 1 ? (width - 2 * margin - nodeWidth * columns) / (columns - 1) : gap;
  const x = column => margin + column * (nodeWidth + spread);
  const poolColumn = columns - 1;
  const nodes = new Map();
  const edges = [];
  const size = { nodeWidth, isNarrow };
  const add = (column, kind, name, row, more) => {
    const node = { key: `${kind} ${name}`, kind, name, x: x(column), y: margin + row * (nodeHeight + rowGap), ...size, ...more };
    nodes.set(node.key, node);
    return node;
  };

  let row = 0;
  for (const listener of layer7.listeners) {
    add(0, 'listener', listener.name, row++, {
      detail: addresses(listener, isNarrow), tag: listener.tls ? 'HTTPS' : 'HTTP', flow: history.flow(`listener7 ${listener.name}`),
    });
  }
  const routeRows = layer7.routes.length;
  layer7.routes.forEach((route, index) => add(1, 'route', route.name, index, {
    detail: route.path ?? 'every path',
    tag: cacheShare(route, history),
    flow: history.flow(`route ${route.name}`),
    problem: history.flow(`failed ${route.name}`) > 0,
  }));
  // Below the routes, so that their arrows pass beside them.
  row = Math.max(row, routeRows);
  for (const listener of layer4.listeners) {
    add(0, 'listener', `${listener.name}`, row++, {
      key: `listener4 ${listener.name}`,
      detail: addresses(listener, isNarrow), tag: listener.mode === 'Nat' ? `${listener.protocol} NAT`.toUpperCase() : listener.protocol.toUpperCase(),
      flow: history.flow(`listener4 ${listener.name}`),
    });
  }

  const incoming = new Map();
  const outgoing = new Map();
  const lead = (pool, edge) => {
    incoming.set(pool, [...incoming.get(pool) ?? [], edge]);
    outgoing.set(edge.from, (outgoing.get(edge.from) ?? 0) + 1);
  };
  for (const route of layer7.routes) {
    if (route.split.length > 0) {
      for (const part of route.split) {
        lead(part.pool, { from: `route ${route.name}`, flow: history.flow(`split ${route.name} ${part.pool}`), note: `${part.percent} %` });
      }
    } else {
      lead(route.pool, { from: `route ${route.name}`, flow: history.flow(`forwarded ${route.name}`) });
    }
    if (route.mirror) {
      lead(route.mirror.pool, { from: `route ${route.name}`, flow: history.flow(`mirror ${route.name}`), isCopy: true });
    }
  }
  for (const listener of layer4.listeners) {
    for (const pool of listener.pools) {
      lead(pool, { from: `listener4 ${listener.name}`, flow: listener.pools.length === 1 ? history.flow(`listener4 ${listener.name}`) : null });
    }
  }

  // Each pool as near as may be to what leads to it.
  const wanted = pool => {
    const rows = (incoming.get(pool.name) ?? []).map(edge => nodes.get(edge.from)?.y ?? 0);
    return rows.length === 0 ? Infinity : rows.reduce((sum, y) => sum + y, 0) / rows.length;
  };
  const inOrder = pools.map(pool => ({ pool, y: wanted(pool) })).sort((a, b) => a.y - b.y || a.pool.name.localeCompare(b.pool.name));
  let next = margin;
  const rowsHigh = Math.max(row, routeRows) * (nodeHeight + rowGap);
  inOrder.forEach(({ pool, y }, index) => {
    const latest = rowsHigh - (inOrder.length - index) * (nodeHeight + rowGap) + margin;
    const place = Math.max(next, Math.min(Number.isFinite(y) ? y : next, Math.max(latest, next)));
    const node = add(poolColumn, 'pool', pool.name, 0, {
      detail: isNarrow ? `${pool.healthy}/${pool.backends.length}` : `${pool.healthy} of ${pool.backends.length}`,
      tag: null,
      flow: history.flow(`pool ${pool.name}`),
      dots: pool.backends,
      problem: pool.healthy === 0 || pool.isPanicking,
    });
    node.y = place;
    next = place + nodeHeight + rowGap;
  });

  // Every listener of Layer 7 serves every route: they meet at a bar instead of crossing each other.
  if (routeRows > 0 && layer7.listeners.length > 0) {
    const bar = x(1) - spread * 0.42;
    const routes = layer7.routes.map(route => nodes.get(`route ${route.name}`));
    const listeners = layer7.listeners.map(listener => nodes.get(`listener ${listener.name}`));
    const middle = node => node.y + nodeHeight / 2;
    const ends = [...routes, ...listeners].map(middle);
    edges.push({ key: 'bar', path: `M${bar} ${Math.min(...ends)}V${Math.max(...ends)}`, isBar: true, flow: null });
    for (const node of listeners) {
      edges.push({ key: `in ${node.key}`, path: `M${node.x + nodeWidth} ${middle(node)}H${bar}`, flow: node.flow, label: [(node.x + nodeWidth + bar) / 2, middle(node)], isNarrow });
    }
    for (const node of routes) {
      edges.push({ key: `to ${node.key}`, path: `M${bar} ${middle(node)}H${node.x - 1}`, flow: node.flow, isArrow: true });
    }
  }
  for (const [pool, sources] of incoming) {
    const to = nodes.get(`pool ${pool}`);
    if (!to) {
      continue;
    }
    sources.forEach((edge, index) => {
      const from = nodes.get(edge.from);
      const startX = from.x + nodeWidth;
      const startY = from.y + nodeHeight / 2;
      const endX = to.x - 1;
      // Several that end at one pool end apart from each other.
      const endY = to.y + nodeHeight * (index + 1) / (sources.length + 1);
      // A long arrow goes straight past the routes, and bends behind them.
      const bendX = to.x - spread;
      const bend = Math.min(spread * 0.5, 70);
      const path = `M${startX} ${startY}${bendX > startX + 1 ? `H${bendX}` : ''}C${bendX + bend} ${startY} ${endX - bend} ${endY} ${endX} ${endY}`;
      const flow = edge.flow ?? (sources.length === 1 ? to.flow : null);
      edges.push({
        key: `${edge.from} > ${pool}${edge.isCopy ? ' copy' : ''}`, path, flow, isArrow: true, isCopy: edge.isCopy, note: edge.note, isNarrow,
        // Where it is alone: at its beginning, or near its end when others begin at the same place.
        label: outgoing.get(edge.from) > 1 ? [endX - (isNarrow ? 16 : 54), endY] : [bendX + (isNarrow ? 13 : 30), startY],
      });
    });
  }

  const height = Math.max(0, ...[...nodes.values()].map(node => node.y + nodeHeight)) + margin;
  return { width, height, nodes: [...nodes.values()], edges };
}

function addresses({ addresses: all }, isNarrow) {
  return isNarrow ? all.map(address => address.slice(address.lastIndexOf(':'))).join(' ') : all.join(', ');
}

function cacheShare(route, history) {
  const hits = history.flow(`cached ${route.name}`);
  const all = history.flow(`route ${route.name}`);
  return hits > 0 && all > 0 ? `cache ${Math.round(100 * hits / all)} %` : null;
}

function createEdge() {
  return svg('g', { class: 'edge' }, svg('path', { class: 'edge-line' }), svg('path', { class: 'edge-flow' }), svg('path', { class: 'edge-head' }), svg('text', { class: 'edge-label' }));
}

function updateEdge(group, edge) {
  const [line, flow, head, label] = group.children;
  const isMoving = edge.flow > 0;
  setAttribute(group, 'class', `edge${edge.isBar ? ' bar-edge' : ''}${edge.isCopy ? ' copy' : ''}${isMoving ? ` moving ${speed(edge.flow)}` : ''}`);
  setAttribute(line, 'd', edge.path);
  setAttribute(flow, 'd', isMoving ? edge.path : null);
  const width = 1.5 + Math.min(4.5, Math.log10(1 + (edge.flow ?? 0)) * 1.6);
  setAttribute(line, 'stroke-width', edge.isBar ? 3 : width.toFixed(1));
  setAttribute(flow, 'stroke-width', width.toFixed(1));
  const end = edge.isArrow ? /([\d.]+) ([\d.]+)(?:H([\d.]+))?$/.exec(edge.path) : null;
  setAttribute(head, 'd', end ? `M${end[3] ?? end[1]} ${end[2]}l-7 -4.5v9z` : null);
  const text = edge.label && edge.flow !== null ? (edge.isNarrow ? format.short(edge.flow) : format.rate(edge.flow)) : '';
  setText(label, edge.note && !edge.isNarrow ? `${edge.note} · ${text}` : text);
  if (edge.label) {
    setAttribute(label, 'x', edge.label[0].toFixed(1));
    setAttribute(label, 'y', (edge.label[1] + 4).toFixed(1));
  }
}

function speed(flow) {
  return flow >= 100 ? 'fast' : flow >= 5 ? 'medium' : 'slow';
}

function createNode(node) {
  return svg('g', { class: `node ${node.kind}`, role: 'img' },
    svg('title'), svg('rect', { class: 'node-box', rx: 6, height: nodeHeight }), svg('rect', { class: 'node-mark', rx: 1.5, width: 3, height: nodeHeight - 24, x: 6, y: 12 }),
    svg('text', { class: 'node-name', x: 16, y: 22 }), svg('text', { class: 'node-tag', y: 22, 'text-anchor': 'end' }),
    svg('text', { class: 'node-detail', x: 16, y: 42 }), svg('g', { class: 'dots' }));
}

function updateNode(group, node) {
  const [title, box, , name, tag, detail, dots] = group.children;
  setAttribute(group, 'transform', `translate(${node.x.toFixed(1)} ${node.y.toFixed(1)})`);
  setAttribute(group, 'class', `node ${node.kind}${node.problem ? ' problem' : ''}${node.isNarrow ? ' narrow' : ''}`);
  setAttribute(box, 'width', node.nodeWidth.toFixed(1));
  const tagText = node.isNarrow ? '' : node.tag ?? '';
  setText(tag, tagText);
  setAttribute(tag, 'x', (node.nodeWidth - 12).toFixed(1));
  const room = node.nodeWidth - (node.isNarrow ? 20 : 26);
  setText(name, cut(node.name, room - (tagText ? tagText.length * 6.4 + 10 : 0), node.isNarrow ? 7.4 : 7.6));
  const shown = node.dots ? dotsOf(node.dots, node.nodeWidth) : [];
  setText(detail, cut(node.detail, room - (shown.length > 0 ? shown.length * 11 + 6 : 0), 6.5));
  const description = `${node.kind} ${node.name}: ${node.detail}${node.dots ? ' backends can be picked' : ''}${node.tag ? `, ${node.tag}` : ''}${node.flow === null ? '' : `, ${format.rate(node.flow)}`}`;
  setText(title, description);
  setAttribute(group, 'aria-label', description);
  reconcile(dots, shown, dot => dot.key, () => svg('circle', { r: 4, cy: 38 }), (circle, dot) => {
    setAttribute(circle, 'cx', dot.x.toFixed(1));
    setAttribute(circle, 'class', `dot ${dot.state}`);
  });
}

// The troubled ones first: where there is no room for all, they are those to see.
function dotsOf(backends, width) {
  const most = Math.max(2, Math.min(mostDots, Math.floor((width - 76) / 11)));
  const isWell = backend => backend.state === 'Healthy' ? 1 : 0;
  const chosen = backends.length <= most ? backends : [...backends].sort((a, b) => isWell(a) - isWell(b)).slice(0, most);
  return chosen.map((backend, index) => ({ key: backend.address, state: backend.state, x: width - 14 - (chosen.length - 1 - index) * 11 }));
}

function cut(text, room, letter) {
  const most = Math.max(3, Math.floor(room / letter));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
