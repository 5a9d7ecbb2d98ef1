// The devices: read from the page's own data, searched, filtered and sorted; findings and exposure follow.
const PAGE = 100; // rows at a time
const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'];
const WANTED = { text: '', site: '', role: '', maker: '', severity: '', public: false };

let data;
let devices; // as in the data, with their rows
let byId; // id -> device
let followers; // rows of findings and exposure, each with its device
let wanted = { ...WANTED };
let sorted = { key: '', down: false };
let limit = PAGE;
let matching = []; // the devices that are wanted, in the order wanted

const word = (at) => (at < 0 ? '' : data.words[at]);

function field(device, name) {
  const found = device.fields?.find(([at]) => data.fields[at] === name);
  return found ? found.slice(2).map(word) : [];
}

function readData() {
  data = JSON.parse(find('#data').textContent);
  devices = data.devices.map((device, at) => ({ worst: 0, open: 0, peers: 0, ...device, at, rules: '' }));
  byId = new Map(devices.map((device) => [device.id, device]));
  findAll('#device-table tbody tr').forEach((row, at) => { devices[at].row = row; });
  followers = findAll('tr[data-device]').map((row) => {
    const device = byId.get(row.dataset.device);
    const group = row.closest('[data-rule]');
    const rule = group ? group.dataset.rule : '';
    if (device && !device.rules.includes(rule)) device.rules += '\n' + rule.toLowerCase();
    return { row, device, group, rule, section: group ? 'findings' : row.dataset.part };
  });
}

// Everything that a device can be found by; made when somebody first searches.
function searchable(device) {
  device.hay ??= [
    device.name, device.id, device.site, data.roles[device.role], device.role, ...(device.also || []),
    ...(device.fields || []).flatMap(([, , ...values]) => values.map(word)),
    ...(device.services || []).flatMap(([port, ...values]) => [port, ...values.slice(0, 4).map(word)]),
    ...(device.talk || []).filter(([flags]) => flags & 2).map((talk) => word(talk[2])),
    ...(device.conflicts || []).map(word), ...(device.notes || []).map((note) => word(note[1])),
  ].join('\n').toLowerCase();
  return device.hay;
}

const holds = (hay, terms) => terms.every((term) => hay.includes(term));

function chosen(device) {
  const worst = SEVERITIES.indexOf(wanted.severity) + 1;
  return (!wanted.site || device.site === wanted.site)
    && (!wanted.role || device.role === wanted.role)
    && (!wanted.maker || field(device, 'manufacturer')[0] === wanted.maker)
    && (!worst || (device.worst && device.worst <= worst))
    && (!wanted.public || device.peers);
}

const collator = new Intl.Collator('en', { numeric: true });
const KEYS = {
  name: (device) => device.name,
  site: (device) => device.site,
  role: (device) => data.roles[device.role] + ' ' + field(device, 'modalities').join(' '),
  make: (device) => [...field(device, 'manufacturer'), ...field(device, 'manufacturer_model_name')].join(' '),
  address: (device) => device.at,
  ae: (device) => field(device, 'ae_titles').join(' '),
  system: (device) => field(device, 'operating_system').join(' '),
  services: (device) => -(device.services || []).length,
  peers: (device) => -device.peers,
  open: (device) => (device.worst ? device.worst * 1e6 - device.open : ''),
  last: (device) => device.seen[1],
};

function compare(a, b) { // what has no value comes last, whichever way
  const [x, y] = [KEYS[sorted.key](a), KEYS[sorted.key](b)];
  if (x === '' || y === '') return (x === '') - (y === '') || a.at - b.at;
  const order = typeof x === 'number' ? x - y : collator.compare(x, y);
  return (sorted.down ? -order : order) || a.at - b.at;
}

function update() {
  const terms = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  const all = JSON.stringify(wanted) === JSON.stringify(WANTED);
  matching = devices.filter((device) => chosen(device)
    && (!terms.length || holds(searchable(device) + device.rules, terms)));
  if (sorted.key) matching.sort(compare);
  showRows();
  const count = { findings: 0, exposure: 0, devices: matching.length, undefined: 0 };
  const groups = new Map();
  for (const { row, device, group, rule, section } of followers) {
    const shown = all || Boolean(device && chosen(device)
      && (holds(searchable(device), terms) || holds((rule + '\n' + row.textContent).toLowerCase(), terms)));
    row.hidden = !shown;
    count[section] += shown;
    if (group) groups.set(group, (groups.get(group) || 0) + shown);
  }
  for (const [group, shown] of groups) {
    group.hidden = !shown;
    find('.tally', group).textContent = number(shown);
  }
  for (const tally of findAll('[data-tally]')) tally.textContent = number(count[tally.dataset.tally]);
  find('#status').textContent = all ? '' : `${number(count.devices)} of ${plural(devices.length, 'device')}, `
    + `${plural(count.findings, 'finding')}, ${plural(count.exposure, 'exposure')}`;
}

function showRows() {
  find('#device-table tbody').replaceChildren(...matching.slice(0, limit).map((device) => device.row));
  const rest = matching.length - limit;
  find('#pager').hidden = rest <= 0;
  find('#more').textContent = `Show ${Math.min(PAGE, rest)} more`;
  find('#all').textContent = `Show all ${number(matching.length)}`;
}

function sortBy(heading) {
  const key = heading.dataset.sort;
  sorted = { key, down: sorted.key === key && !sorted.down };
  for (const other of findAll('th[data-sort]')) {
    if (other === heading) other.setAttribute('aria-sort', sorted.down ? 'descending' : 'ascending');
    else other.removeAttribute('aria-sort');
  }
  update();
}

function makeList() {
  for (const heading of findAll('th[data-sort]')) {
    const button = make('button', { type: 'button', class: 'sort' }, heading.textContent);
    button.addEventListener('click', () => sortBy(heading));
    heading.replaceChildren(button);
    if (heading.dataset.sort === sorted.key) {
      heading.setAttribute('aria-sort', sorted.down ? 'descending' : 'ascending');
    }
  }
  find('#more').addEventListener('click', () => { limit += PAGE; showRows(); });
  find('#all').addEventListener('click', () => { limit = Infinity; showRows(); });
}
