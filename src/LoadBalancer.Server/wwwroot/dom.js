// Small helpers around the DOM. Everything is text: no string ever becomes markup.

const svgNamespace = 'http://www.w3.org/2000/svg';

/** Makes an HTML element; a property that begins with "on" is a listener, "class" and others are attributes. */
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** Makes an SVG element. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(svgNamespace, tag), properties, children);
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name.startsWith('on')) {
      node.addEventListener(name.slice(2), value);
    } else {
      node.setAttribute(name, value === true ? '' : value);
    }
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

/** Sets the text of a node, and touches nothing when it is that already. */
export function setText(node, text) {
  const wanted = text === null || text === undefined ? '' : String(text);
  if (node.textContent !== wanted) {
    node.textContent = wanted;
  }
}

/** Sets an attribute, or removes it when there is no value, and touches nothing when it is that already. */
export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) {
      node.removeAttribute(name);
    }
  } else {
    const wanted = value === true ? '' : String(value);
    if (node.getAttribute(name) !== wanted) {
      node.setAttribute(name, wanted);
    }
  }
}

export function show(node, isShown) {
  if (node.hidden === isShown) {
    node.hidden = !isShown;
  }
}

/**
 * Makes a node's children those of a list, keeping the ones that are there already: focus, selection and
 * scroll position stay.
 * @param parent the node
 * @param items the list
 * @param keyOf says what makes an item the same as before
 * @param create makes a node of an item
 * @param update brings a node in line with its item
 */
export function reconcile(parent, items, keyOf, create, update = () => {}) {
  const known = parent.nodesByKey ?? (parent.nodesByKey = new Map());
  const gone = new Map(known);
  let at = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    let node = known.get(key);
    if (node) {
      gone.delete(key);
    } else {
      node = create(item);
      known.set(key, node);
    }
    update(node, item);
    if (node === at) {
      at = at.nextSibling;
    } else {
      parent.insertBefore(node, at);
    }
  }
  for (const [key, node] of gone) {
    known.delete(key);
    node.remove();
  }
}
