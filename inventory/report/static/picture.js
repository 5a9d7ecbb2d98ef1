// The picture: what belongs together lights up, marks tell which device they are, boxes filter the list.
function boxOf(target) { return target.closest('[data-box]'); }

function light(map, target) {
  const box = boxOf(target);
  const link = target.closest('[data-ends]');
  for (const node of findAll('.lit', map)) node.classList.remove('lit');
  map.classList.toggle('dim', Boolean(box || link));
  if (!box && !link) return;
  const ends = link ? link.dataset.ends.split(' ') : [];
  const near = new Set(box ? [box.dataset.box] : ends);
  for (const one of findAll('[data-ends]', map)) {
    const [from, to] = one.dataset.ends.split(' ');
    if (link ? one === link : near.has(from) || near.has(to)) {
      one.classList.add('lit');
      ends.push(from, to);
    }
  }
  const lit = new Set([...near, ...ends]);
  for (const one of findAll('[data-box]', map)) if (lit.has(one.dataset.box)) one.classList.add('lit');
}

// The device whose mark is at a point of the screen.
function deviceAt(event) {
  const group = event.target.closest('[data-box]');
  if (!group) return undefined;
  const picture = Number(group.closest('[data-picture]').dataset.picture);
  for (const marks of findAll('.marks', group)) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(marks.getScreenCTM().inverse());
    const [column, row] = [Math.floor(point.x), Math.floor(point.y)];
    const columns = Number(marks.dataset.columns);
    const ids = data.marks[picture][group.dataset.box][marks.dataset.marks];
    if (column >= 0 && column < columns && row >= 0 && row * columns + column < ids.length) {
      return devices[ids[row * columns + column]];
    }
  }
  return undefined;
}

function tell(figure, event) {
  const target = event.target;
  const device = deviceAt(event);
  const named = target.closest('[data-box], [data-ends]');
  find('.hover', figure).textContent = device
    ? [device.name, data.roles[device.role], ...field(device, 'manufacturer'), ...field(device, 'ip_addresses')].join(' · ')
    : named ? find('title', named).textContent : '';
  figure.classList.toggle('on-device', Boolean(device));
}

function makePictures() {
  for (const figure of findAll('[data-picture]')) {
    const map = find('.map', figure);
    map.addEventListener('pointermove', (event) => { light(map, event.target); tell(figure, event); });
    map.addEventListener('pointerleave', () => { light(map, map); find('.hover', figure).textContent = ''; });
    map.addEventListener('focusin', (event) => light(map, event.target));
    map.addEventListener('focusout', () => light(map, map));
    map.addEventListener('click', (event) => {
      const device = deviceAt(event);
      const box = boxOf(event.target);
      if (event.target.closest('a')) return;
      if (device) openCard(device.id);
      else if (box && box.dataset.role) choose({ role: box.dataset.role, site: figure.dataset.site }, true);
    });
  }
}
