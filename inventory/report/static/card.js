// One device's card: all that is known of it, and how well.
const LABELS = {
  modalities: 'Modality', manufacturer: 'Maker', manufacturer_model_name: 'Model', device_serial_number: 'Serial number',
  software_versions: 'Software', operating_system: 'Operating system', station_name: 'Station name',
  institution_name: 'Institution', ae_titles: 'AE titles', hostnames: 'Host names', toolkits: 'DICOM toolkit',
  implementation_class_uids: 'Implementation UID', implementation_version_names: 'Implementation version',
  ip_addresses: 'IP addresses', mac_addresses: 'MAC addresses', mac_vendor: 'Network card by', owner: 'Owner',
  location: 'Location', asset_tag: 'Asset tag', note: 'Note', role: 'Role', services: 'Service', device_id: 'Same device',
};

function deviceLink(id, fallback) {
  const device = byId.get(id);
  return device ? make('a', { href: '#' + id }, own(device.name)) : own(fallback);
}

const separated = (nodes) => nodes.flatMap((node, at) => (at ? [', ', node] : [node]));

function cardFields(device) {
  const list = make('dl', { class: 'fields' });
  const add = (name, ...values) => list.append(make('div', {}, make('dt', {}, name), make('dd', {}, ...values)));
  add('Role', data.roles[device.role], sure(device.sure || 0));
  if (device.also) add('Also', device.also.join(', '));
  for (const [at, level, ...values] of device.fields || []) {
    add(LABELS[data.fields[at]], ...separated(values.map((value) => own(word(value)))), sure(level));
  }
  add('Seen', `${time(device.seen[0])} to ${time(device.seen[1])}`);
  return list;
}

function cardFindings(device) {
  const found = followers.filter((one) => one.device === device && one.group);
  if (!found.length) return '';
  const rows = found.map(({ row, group }) => {
    const cells = [...row.cells];
    return [find('.severity', group).cloneNode(true), find('.title', group).textContent, own(cells[3].textContent),
      own(cells[2].textContent), cells[4].textContent, [...cells[7].cloneNode(true).childNodes]];
  });
  return table('Findings', ['Severity', 'Finding', 'Detail', 'Peer', 'Status', 'Evidence, in Wireshark'], rows);
}

function cardTalk(device) {
  const rows = device.talk.map(([flags, other, ip, transport, protocol, port, connections, bytes]) => [
    flags & 1 ? '\u2192 asks' : '\u2190 is asked by',
    [deviceLink(word(other), word(ip)), flags & 2 ? make('span', { class: 'tag' }, 'outside') : ''].flatMap((part) => [part, ' ']),
    [port < 0 ? '' : port + '/', word(transport), ' ', word(protocol)].join(''),
    flags & 16 ? make('strong', { class: flags & 2 ? 'alarm' : 'amber' }, 'patient data in clear')
      : flags & 4 ? 'encrypted' : flags & 8 ? 'in clear' : 'no answer seen',
    plural(connections, 'connection'), size(bytes),
  ]);
  return table('Talks to', ['Direction', 'Who', 'Service', 'Protection', 'Connections', 'Data'], rows);
}

function cardProof(device) {
  const rows = device.proof.map(([name, value, kind, used, level, reason, wire, capture, frame, count]) => [
    LABELS[word(name)] || word(name),
    [own(word(value)), used ? sure(level) : make('span', { class: 'tag' }, 'not used'),
      wire < 0 ? '' : make('span', { class: 'quiet' }, ' sent as ', own(word(wire)))],
    data.classes[kind], word(reason), number(count),
    frame < 0 ? own(word(capture)) : make('span', { class: 'evidence' }, own(word(capture)), ' ',
      make('code', {}, `frame.number == ${frame}`)),
  ]);
  return make('details', { class: 'more' }, make('summary', {}, 'Why this is believed'),
    table('Evidence', ['Field', 'Value', 'Said by', 'Why, or why not', 'Times', 'First seen, in Wireshark'], rows));
}

function makeCard(device, heading) {
  const parts = [
    make('header', {}, make(heading, { class: 'card-name' }, own(device.name)),
      make('p', { class: 'quiet' }, device.id, ' at ', own(device.site))),
    ...(device.conflicts ? [make('ul', { class: 'conflicts' },
      ...device.conflicts.map((at) => make('li', {}, own(word(at)))))] : []),
    cardFields(device),
    cardFindings(device),
  ];
  if (device.services) {
    parts.push(table('Answers at', ['Port', 'Protocol', 'Product', 'Protection'], device.services.map(
      ([port, transport, protocol, product, version, encrypted]) => [
        [port ?? '', word(transport)].filter(Boolean).join('/'), word(protocol),
        own([word(product), word(version)].filter(Boolean).join(' ')), encrypted ? 'encrypted' : 'in clear'])));
  }
  if (device.talk) parts.push(cardTalk(device));
  if (device.held) {
    parts.push(table('Addresses held', ['IP', 'MAC', 'VLAN', 'From', 'To', 'Known by'], device.held.map(
      ([ip, mac, vlan, how, from, to]) => [own(word(ip)), own(word(mac)), word(vlan), time(from), time(to), word(how)])));
  }
  if (device.notes) {
    parts.push(table('What people noted', ['Field', 'Value', 'By', 'At'], device.notes.map(
      ([name, value, author, at]) => [word(name), own(word(value)), own(word(author)), time(at)])));
  }
  if (device.proof) parts.push(cardProof(device));
  return make('article', { class: 'device-card' }, ...parts);
}

let opened = ''; // id of the device whose card is shown

function openCard(id) {
  const device = byId.get(id);
  const dialog = find('#card');
  if (!device) return;
  const close = make('button', { type: 'button', class: 'close' }, 'Close');
  close.addEventListener('click', () => dialog.close());
  const card = makeCard(device, 'h2');
  find('.card-name', card).id = 'card-name';
  dialog.replaceChildren(close, card);
  dialog.scrollTop = 0;
  opened = id;
  remember('#' + id);
  if (!dialog.open) dialog.showModal();
}

function remember(hash) {
  try {
    history.replaceState(null, '', hash || location.pathname + location.search);
  } catch {
    // some browsers forbid it in files; the card is shown all the same
  }
}
