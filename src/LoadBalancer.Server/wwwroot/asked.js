// Figures that are behind the token: the page asks for them while their panel is seen.

import { askToken, tell } from './act.js';
import { send, token } from './commands.js';
import { el, setText, show } from './dom.js';

/** Asks again and again while it is seen. What takes long to answer is asked for less often. */
export class Asked {
  #path;
  #taken;
  #timer = 0;
  #isSeen = false;
  #isAsking = false;
  #locked = el('div', { class: 'locked' },
    el('p', {}),
    el('button', { type: 'button', class: 'primary', onclick: () => askToken() }, 'Give token'));
  node;

  /**
   * @param path says what to ask for
   * @param what names it
   * @param taken gets the answer
   */
  constructor(path, what, taken) {
    this.#path = path;
    this.#taken = taken;
    setText(this.#locked.firstChild, `${what} needs the token of the balancer.`);
    this.node = this.#locked;
    token.addEventListener('change', () => this.#start());
    document.addEventListener('visibilitychange', () => this.#start());
  }

  see(isSeen) {
    this.#isSeen = isSeen;
    this.#start();
  }

  /** Asks at once: the question has changed. */
  again() {
    this.#start();
  }

  #start() {
    clearTimeout(this.#timer);
    show(this.#locked, token.get() === null);
    if (this.#isSeen && token.get() !== null && !document.hidden && !this.#isAsking) {
      this.#ask();
    }
  }

  async #ask() {
    this.#isAsking = true;
    const path = this.#path();
    const since = performance.now();
    try {
      this.#taken(await send('GET', path));
    } catch (error) {
      if (error.status === 401) {
        token.forget();
        askToken('The balancer refused this token.');
      } else if (error.status !== 0) {
        tell(error.message, true);
      }
    }
    this.#isAsking = false;
    if (!this.#isSeen || token.get() === null) {
      show(this.#locked, token.get() === null);
      return;
    }
    const pause = path === this.#path() ? Math.max(1000, 10 * (performance.now() - since)) : 0;
    this.#timer = setTimeout(() => this.#start(), pause);
  }
}
