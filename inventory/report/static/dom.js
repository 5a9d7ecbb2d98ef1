// Finding and making elements. Every text becomes a text node, never markup.
const find = (selector, root = document) => root.querySelector(selector);
const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// What was on a wire keeps its direction of writing to itself.
const own = (text) => make('bdi', {}, text);

function symbol(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', '#' + name);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

function sure(level) {
  const name = data.confidence[level];
  if (!name) return '';
  return make('span', { class: 'sure' }, symbol('sure-' + name), make('span', { class: 'vh' }, ` (${name} confidence)`));
}

function table(caption, headings, rows) {
  const head = make('tr', {}, ...headings.map((text) => make('th', { scope: 'col' }, text)));
  const body = rows.map((cells) => make('tr', {}, ...cells.map((cell) => make('td', {}, ...[cell].flat()))));
  return make('div', { class: 'scroll' }, make('table', {}, make('caption', {}, caption),
    make('thead', {}, head), make('tbody', {}, ...body)));
}

const time = (text) => text.slice(0, 10) + ' ' + text.slice(11, 19);
const number = (value) => value.toLocaleString('en');

function size(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  while (bytes >= 999.5 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
  return (unit && bytes < 99.95 ? bytes.toFixed(1) : number(Math.round(bytes))) + ' ' + units[unit];
}

function plural(count, one, several) {
  return `${number(count)} ${count === 1 ? one : several || one + 's'}`;
}
