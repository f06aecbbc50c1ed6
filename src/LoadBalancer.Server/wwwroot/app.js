// The live page: takes the figures as they come and gives them to its parts.

import { askToken, command, tell } from './act.js';
import { CachePanel } from './cache.js';
import { token } from './commands.js';
import { ConnectionsPanel } from './connections.js';
import { el, reconcile, setAttribute, setText, show } from './dom.js';
import { FaultsPanel } from './faults.js';
import { Feed } from './feed.js';
import * as format from './format.js';
import { PicksPanel } from './picks.js';
import { Picture } from './picture.js';
import { PoolsPanel } from './pools.js';
import { RoutesPanel } from './routes.js';
import { drawTiles } from './tiles.js';

token.takeFromAddress();

const feed = new Feed();
const picture = new Picture(document.getElementById('picture'));
const panels = [new PoolsPanel(), new RoutesPanel(), new ConnectionsPanel(), new PicksPanel(feed), new CachePanel(), new FaultsPanel()];
const tabs = document.getElementById('tabs');
let chosen = panels[0];
let newest = null;

for (const panel of panels) {
  const id = panel.title.toLowerCase();
  panel.tab = el('button', { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': `panel-${id}`, onclick: () => choose(panel) },
    panel.title, el('span', { class: 'count' }));
  panel.place = el('div', { role: 'tabpanel', id: `panel-${id}`, 'aria-labelledby': `tab-${id}`, hidden: true }, panel.node);
  tabs.append(panel.tab);
  document.getElementById('panels').append(panel.place);
}

tabs.addEventListener('keydown', event => {
  const shown = panels.filter(panel => !panel.tab.hidden);
  const at = shown.indexOf(chosen);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: shown.length - 1 }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    choose(shown[(next + shown.length) % shown.length]);
    chosen.tab.focus();
  }
});

function choose(panel) {
  chosen = panel;
  for (const other of panels) {
    const isChosen = other === panel;
    setAttribute(other.tab, 'aria-selected', String(isChosen));
    setAttribute(other.tab, 'tabindex', isChosen ? 0 : -1);
    show(other.place, isChosen);
    other.see?.(isChosen);
  }
  drawPanel();
}

function drawPanel() {
  if (newest) {
    chosen.draw(newest.statistics, feed.history);
  }
}

function drawAll() {
  const { statistics } = newest;
  setText(document.getElementById('name'), statistics.name);
  const title = `${statistics.name} · load balancer`;
  if (document.title !== title) {
    document.title = title;
  }
  setText(document.getElementById('about'), `process ${statistics.processId}, up ${format.span((newest.at - new Date(statistics.startedAt)) / 1000)}${countedFor(statistics)}`);
  drawTiles(document.getElementById('tiles'), statistics, feed.history);
  picture.draw(statistics, feed.history);
  for (const panel of panels) {
    const isUsed = panel.isUsed?.(statistics) ?? true;
    show(panel.tab, isUsed);
    const count = isUsed ? panel.count?.(statistics) : undefined;
    setText(panel.tab.lastChild, count === undefined ? '' : count < 10_000 ? count : format.short(count));
    setAttribute(panel.tab, 'class', panel.title === 'Faults' && count > 0 ? 'faulty' : null);
  }
  reconcile(document.getElementById('banners'), bannersOf(statistics), text => text, text => el('p', { class: 'banner problem' }, text));
  if (chosen.tab.hidden) {
    choose(panels[0]);
  } else {
    drawPanel();
  }
}

// Told only after a reset: until then the counters are as old as the process.
function countedFor({ startedAt, countersSince }) {
  return countersSince === startedAt ? '' : `, counters of ${format.span((newest.at - new Date(countersSince)) / 1000)}`;
}

function bannersOf({ configuration, pools }) {
  return [
    ...configuration.errors.map(error => `The changed configuration is not used: ${error}`),
    ...pools.filter(pool => pool.isPanicking).map(pool => `Pool ${pool.name} panics: so many of its backends are unhealthy that all are used.`),
  ];
}

function drawToken() {
  setText(document.getElementById('token'), token.get() === null ? 'Give token' : 'Forget token');
}

document.getElementById('token').addEventListener('click', () => {
  if (token.get() === null) {
    askToken();
  } else {
    token.forget();
    tell('The token is forgotten.');
  }
});
document.getElementById('reset').addEventListener('click', () => command('DELETE', '/admin/statistics', undefined, 'All counters begin anew.'));
token.addEventListener('change', drawToken);
drawToken();
// A second link with a token may be opened in the same tab.
addEventListener('hashchange', () => token.takeFromAddress());

feed.addEventListener('link', ({ detail: isOpen }) => {
  const link = document.getElementById('link');
  setText(link, isOpen ? 'live' : 'no answer, trying again');
  link.classList.toggle('lost', !isOpen);
  link.classList.toggle('live', isOpen);
  document.body.classList.toggle('old', !isOpen);
});

feed.addEventListener('sample', ({ detail }) => {
  newest = detail;
  // A tab in the background keeps its history, and draws when it is seen again.
  if (!document.hidden) {
    requestAnimationFrame(drawAll);
  }
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && newest) {
    drawAll();
  }
});

choose(panels[0]);
feed.start();
