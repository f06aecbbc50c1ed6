// What a person does on the page: commands, the question for the token, the question for faults, and what came of it.

import { send, token } from './commands.js';
import { setText, show } from './dom.js';

const told = document.getElementById('told');
let telling = 0;

/** Says what was done, or why not. */
export function tell(text, isProblem = false) {
  setText(told, text);
  told.classList.toggle('problem', isProblem);
  told.classList.add('shown');
  clearTimeout(telling);
  telling = setTimeout(() => told.classList.remove('shown'), isProblem ? 12_000 : 5000);
}

/**
 * Sends a command, and asks for the token where there is none or it is refused.
 * @returns the answer; null when it was not carried out
 */
export async function command(method, path, body, done) {
  let problem = '';
  while (true) {
    if (!token.get() && !await askToken(problem)) {
      return null;
    }
    try {
      const answer = await send(method, path, body) ?? {};
      if (done) {
        tell(typeof done === 'function' ? done(answer) : done);
      }
      return answer;
    } catch (error) {
      if (error.status !== 401) {
        tell(error.message, true);
        return null;
      }
      token.forget();
      problem = 'The balancer refused this token.';
    }
  }
}

const tokenDialog = document.getElementById('token-dialog');
let asking = null;

/** Asks for the token; several that ask at once share one question. */
export function askToken(problem = '') {
  asking ??= new Promise(resolve => {
    const form = document.getElementById('token-form');
    const input = document.getElementById('token-value');
    const told = document.getElementById('token-problem');
    setText(told, problem);
    show(told, problem !== '');
    input.value = '';
    form.onsubmit = event => {
      event.preventDefault();
      const value = input.value.trim();
      // What no header can carry is no token.
      if (!/^[\x21-\x7e]+$/.test(value)) {
        setText(told, 'A token has printable characters only.');
        show(told, true);
        return;
      }
      token.set(value);
      tokenDialog.close();
    };
    document.getElementById('token-cancel').onclick = () => tokenDialog.close();
    tokenDialog.onclose = () => {
      asking = null;
      resolve(token.get() !== null);
    };
    tokenDialog.showModal();
    input.focus();
  });
  return asking;
}

const faultsDialog = document.getElementById('faults-dialog');

/** Asks for faults and switches them on. */
export function askFaults(what, path, current) {
  const form = document.getElementById('faults-form');
  const problem = document.getElementById('faults-problem');
  setText(document.getElementById('faults-title'), `Faults at ${what}`);
  show(problem, false);
  for (const input of form.querySelectorAll('input')) {
    if (input.type === 'checkbox') {
      input.checked = current?.[input.name] ?? false;
    } else {
      input.value = current?.[input.name] ?? '';
    }
  }
  form.onsubmit = async event => {
    event.preventDefault();
    const options = {};
    for (const input of form.querySelectorAll('input')) {
      if (input.type === 'checkbox' && input.checked) {
        options[input.name] = true;
      } else if (input.type === 'number' && input.value !== '') {
        options[input.name] = Number(input.value);
      }
    }
    if (Object.keys(options).every(name => name === 'percent' || options[name] === 0 && name !== 'resetAfterBytes')) {
      setText(problem, 'Nothing is switched on yet.');
      show(problem, true);
      return;
    }
    faultsDialog.close();
    await command('PUT', `${path}/faults`, options, `Faults are in force at ${what}.`);
  };
  document.getElementById('faults-cancel').onclick = () => faultsDialog.close();
  faultsDialog.showModal();
}
