// Putting it together: the bar of filters, keys, theme and printing.
const PRINTED_CARDS = 100; // more would be a book

const CONTROLS = { text: '#search', site: '#by-site', role: '#by-role', maker: '#by-maker', severity: '#by-severity' };

function choose(values, jump = undefined) {
  wanted = { ...wanted, ...values };
  if (find('#by-site').options.length < 3) wanted.site = '';
  for (const [name, selector] of Object.entries(CONTROLS)) find(selector).value = wanted[name];
  find('#by-public').checked = wanted.public;
  limit = PAGE;
  update();
  const list = find('#devices');
  if (jump ?? list.getBoundingClientRect().top < 0) list.scrollIntoView(); // who looks at the list, sees its start
}

function options(selector, all, values) {
  find(selector).replaceChildren(make('option', { value: '' }, all),
    ...values.map(([value, name]) => make('option', { value }, name)));
}

function fillFilters() {
  const counted = (values) => [...values.reduce((seen, value) => seen.set(value, (seen.get(value) || 0) + 1), new Map())]
    .sort(([a], [b]) => collator.compare(a, b));
  const sites = counted(devices.map((device) => device.site));
  options('#by-site', 'all', sites.map(([site]) => [site, site]));
  find('#by-site').closest('label').hidden = sites.length < 2;
  options('#by-role', 'all', counted(devices.map((device) => device.role))
    .map(([role, count]) => [role, `${data.roles[role]} (${number(count)})`]));
  options('#by-maker', 'all', counted(devices.flatMap((device) => field(device, 'manufacturer')))
    .map(([maker, count]) => [maker, `${maker} (${number(count)})`]));
  options('#by-severity', 'any', SEVERITIES.map((name) => [name, name === 'critical' ? name : name + ' or worse']));
}

function makeFilters() {
  for (const [name, selector] of Object.entries(CONTROLS)) {
    find(selector).addEventListener('input', (event) => choose({ [name]: event.target.value }));
  }
  find('#by-public').addEventListener('input', (event) => choose({ public: event.target.checked }));
  find('#filters').addEventListener('submit', (event) => { event.preventDefault(); choose({}, true); });
  find('#filters').addEventListener('reset', (event) => { event.preventDefault(); choose(WANTED); });
}

function fromBreakdown(value) { // "role=archive", "text=OFFIS DCMTK 3.6.7"
  const at = value.indexOf('=');
  choose({ ...WANTED, [value.slice(0, at)]: value.slice(at + 1) }, true);
}

function makeTheme() {
  const root = document.documentElement;
  const dark = () => (root.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  const show = () => find('#theme').setAttribute('aria-pressed', String(dark()));
  find('#theme').addEventListener('click', () => { root.dataset.theme = dark() ? 'light' : 'dark'; show(); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
  show();
}

// On paper nothing can be opened: all that is wanted is laid out before, and put back after.
function makePrinting() {
  let closed = [];
  find('#print').addEventListener('click', () => window.print());
  addEventListener('beforeprint', () => {
    closed = findAll('#page details:not([open])');
    for (const details of closed) details.open = true;
    const cards = matching.length <= PRINTED_CARDS ? matching : [];
    find('#device-table tbody').replaceChildren(...matching.map((device) => device.row));
    find('#printed').replaceChildren(make('h2', {}, 'Cards'), ...cards.map((device) => makeCard(device, 'h3')));
    if (!cards.length) {
      find('#printed').append(make('p', {}, `Cards are printed of ${PRINTED_CARDS} devices at most: filter the list first.`));
    }
    for (const details of findAll('#printed details')) details.open = true;
    find('#printed').hidden = false;
  });
  addEventListener('afterprint', () => {
    for (const details of closed) details.open = false;
    find('#printed').hidden = true;
    find('#printed').replaceChildren();
    showRows();
  });
}

function makeKeys() {
  addEventListener('keydown', (event) => {
    const typing = event.target.closest('input, select, textarea');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && !find('#card').open) {
      event.preventDefault();
      find('#search').focus();
      find('#search').select();
    }
  });
  addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]');
    const filter = event.target.closest('[data-filter]');
    if (filter) fromBreakdown(filter.dataset.filter);
    if (!link || !byId.has(link.getAttribute('href').slice(1))) return;
    event.preventDefault();
    openCard(link.getAttribute('href').slice(1));
  });
  find('#card').addEventListener('close', () => { opened = ''; remember(''); });
  find('#card').addEventListener('click', (event) => { if (event.target === find('#card')) find('#card').close(); });
}

// Of what the page is about, which a served page fetches anew at times.
function begin() {
  readData();
  fillFilters();
  makeList();
  makePictures();
  choose({}, false);
}

document.documentElement.classList.add('script');
find('#bar').hidden = false;
begin();
makeFilters();
makeTheme();
makePrinting();
makeKeys();
openCard(location.hash.slice(1));
performance.mark('medspan-ready');
