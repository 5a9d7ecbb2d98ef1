// A served page follows the inventory: it asks for its stamp, and takes the new page's contents when that has changed.
const EVERY = 5000; // milliseconds
const PARTS = ['#head', '#page', '#data'];

async function follow() {
  const root = document.documentElement;
  try {
    if (!document.hidden && !matchMedia('print').matches) {
      const stamp = await (await fetch('/stamp')).text();
      if (stamp !== root.dataset.stamp) take(await (await fetch('/')).text());
    }
    root.classList.remove('alone');
  } catch {
    root.classList.add('alone'); // the server has gone: what is shown stays
  }
  setTimeout(follow, EVERY);
}

function take(text) {
  const fresh = new DOMParser().parseFromString(text, 'text/html');
  if (!fresh.documentElement.dataset.stamp) return;
  const open = new Set(findAll('#page details[open]').map(label));
  const shut = new Set(findAll('#page details:not([open])').map(label));
  const focused = document.activeElement?.id;
  const [card, y, kept] = [opened, scrollY, limit];
  for (const part of PARTS) find(part).replaceWith(document.adoptNode(find(part, fresh)));
  for (const details of findAll('#page details')) {
    details.open = open.has(label(details)) || (details.open && !shut.has(label(details)));
  }
  document.documentElement.dataset.stamp = fresh.documentElement.dataset.stamp;
  begin();
  limit = kept;
  showRows();
  if (card) openCard(card);
  if (focused && document.getElementById(focused)) document.getElementById(focused).focus({ preventScroll: true });
  scrollTo(0, y);
}

const label = (details) => details.dataset.rule || find('summary', details).textContent.replace(/[\d,]+/g, '');

if (document.documentElement.dataset.stamp) setTimeout(follow, EVERY);
