// SPDX-License-Identifier: MIT
// The tabs "Complaints" and "Report". `page` is what app.js has for all views; whatever others wrote
// reaches the page as text only.
'use strict';

const complaintViews = (page) => {
  const {$, el, svg, tr, table, card, ask, problemOf, t, add} = page;

  const problemCard = (answer) => {
    const button = el('button', 'quiet', t('token'));
    button.type = 'button';
    button.addEventListener('click', page.openTokenDialog);
    return card('', el('p', 'problem', answer.status ? problemOf(answer) : t('offline')), el('p', '', button));
  };
  const asked = (method, path, body) => ask(method, path, body).catch(() => ({status: 0, json: {}}));
  const pad = (number) => String(number).padStart(2, '0');
  // The zone of this browser at that time, as RFC 3339 writes it.
  function zoneOf(date) {
    const minutes = -date.getTimezoneOffset();
    const ahead = Math.abs(minutes);
    return (minutes < 0 ? '-' : '+') + pad(Math.floor(ahead / 60)) + ':' + pad(ahead % 60);
  }
  const localInput = (date) => date.getFullYear() + '-' + pad(date.getMonth() + 1) + '-' + pad(date.getDate()) +
      'T' + pad(date.getHours()) + ':' + pad(date.getMinutes());
  const localText = (time) => {
    const date = new Date(time);
    return localInput(date).replace('T', ' ') + ' ' + zoneOf(date);
  };
  const instant = (value) => {
    const date = new Date(value);
    return Number.isNaN(date.getTime()) ? '' : date.toISOString().replace(/\.\d+Z$/, 'Z');
  };

  // ----- Complaints

  async function file(event) {
    event.preventDefault();
    const value = (name) => $('c-' + name).value.trim();
    const complaint = {callee: value('callee'), about: instant(value('about')), category: value('category'),
      tolerance_minutes: Number(value('tolerance') || '15')};
    for (const name of ['caller', 'reference', 'text']) {
      if (value(name)) complaint[name] = value(name);
    }
    const button = $('complaint-form').querySelector('.primary');
    button.disabled = true;
    const answer = await asked('POST', '/v1/complaints', complaint);
    button.disabled = false;
    const box = $('filed');
    box.replaceChildren();
    if (answer.status !== 200 && answer.status !== 201) {
      box.append(problemCard(answer));
      return;
    }
    box.append(card('', el('p', '', t('filed-' + answer.json.filed) + ' ', el('span', 'mono', answer.json.id))));
    await list();
    await showComplaint(answer.json.id);
  }

  async function list(before) {
    const query = new URLSearchParams({limit: '50'});
    if ($('c-state').value) query.set('state', $('c-state').value);
    if (before) query.set('before', String(before));
    const answer = await asked('GET', '/v1/complaints?' + query);
    const box = $('complaints');
    if (!before) box.replaceChildren();
    if (!before) $('complaint').replaceChildren();
    if (answer.status !== 200) {
      box.append(problemCard(answer));
      return;
    }
    const rows = answer.json.complaints.map((entry) => {
      const button = el('button', 'quiet mono', localText(entry.about));
      button.type = 'button';
      button.dataset.id = entry.id;
      button.addEventListener('click', () => showComplaint(entry.id));
      const call = entry.nearest || {};
      return tr(el('td', '', button), el('td', 'mono', entry.reference || '–'), el('td', '', t('category-' + entry.category)),
          el('td', entry.state === 'matched' ? 'same' : 'differs', t('state-' + entry.state)),
          el('td', '', call.signer || '–'), el('td', '', call.holder || '–'), el('td', '', call.trunk || '–'));
    });
    const found = card(t('tabComplaints'), rows.length === 0 ? el('p', 'hint', t('nothingFound')) : table(
        [[t('aboutTime')], [t('reference')], [t('category')], [t('state')], ['SPC'], [t('holder')], [t('trunk')]], rows));
    if (answer.json.next) {
      const more = el('button', 'quiet', t('more'));
      more.type = 'button';
      more.addEventListener('click', () => { more.remove(); list(answer.json.next); });
      found.append(more);
    }
    box.append(found);
  }

  function callCard(call) {
    if (!call.entry) {
      return card(t('theCall') + ' ' + call.time, el('p', 'hint', t('kept-' + call.kept)),
          el('p', '', [call.signer, call.holder, call.trunk].filter((text) => text).join(' · ') || '–'));
    }
    const button = el('button', 'quiet', t('wholeStory'));
    button.type = 'button';
    button.dataset.story = call.id;
    button.addEventListener('click', () => page.showStory(call.id, $('complaint-story')));
    const box = page.responsibleCard({responsible: call.responsible}, t('theCall') + ' ' + localText(call.time));
    add(box, [el('p', 'hint', (call.entry.orig || '–') + ' → ' + (call.entry.dest || '–') + ' · ' + (call.entry.reason || '–') +
        ' · ' + Math.abs(call.seconds_off) + ' s ' + t('fromWhatWasSaid')), el('p', '', button)]);
    return box;
  }

  async function showComplaint(id) {
    const answer = await asked('GET', '/v1/complaints/' + encodeURIComponent(id));
    const box = $('complaint');
    box.replaceChildren();
    $('complaint-story').replaceChildren();
    if (answer.status !== 200) {
      box.append(problemCard(answer));
      return;
    }
    const shown = answer.json;
    const line = (name, value) => tr(el('td', 'label', name), el('td', '', value || '–'));
    box.append(card(t('theComplaint'), table([[''], ['']], [
      line(t('aboutTime'), localText(shown.about) + ' ± ' + shown.tolerance_minutes + ' min'),
      line(t('caller'), shown.caller), line(t('called'), shown.callee), line(t('category'), t('category-' + shown.category)),
      line(t('reference'), shown.reference), line(t('filedBy'), shown.filed_by + ', ' + localText(shown.received)),
      line(t('words'), shown.text), line(t('state'), t('state-' + shown.state)), line('ID', shown.id)]),
    shown.state === 'ambiguous' ? el('p', 'hint', t('ambiguousHint')) : null,
    shown.state === 'unmatched' ? el('p', 'hint', t('unmatchedHint')) : null));
    for (const call of shown.calls) box.append(callCard(call));
    box.scrollIntoView();
  }

  // ----- Report

  const WIDTH = 1100;

  // One bar for each party, the longest across the page.
  function barsChart(title, rows, valueOf, textOf, className) {
    const height = 26;
    const left = 260;
    const max = Math.max(1e-9, ...rows.map(valueOf));
    const chart = svg('svg', {class: 'chart bars', viewBox: `0 0 ${WIDTH} ${Math.max(1, rows.length) * height}`, role: 'img',
      'aria-label': title});
    rows.forEach((row, index) => {
      const y = index * height;
      const name = row.party || t('notKnown');
      const width = (WIDTH - left - 90) * valueOf(row) / max;
      chart.append(svg('g', {}, svg('title', {}, name + '  ' + textOf(row)),
          svg('text', {x: left - 8, y: y + 17, 'text-anchor': 'end'}, name.length > 34 ? name.slice(0, 33) + '…' : name),
          svg('rect', {class: className, x: left, y: y + 5, width: Math.max(valueOf(row) > 0 ? 2 : 0, width), height: height - 10}),
          svg('text', {x: left + width + 8, y: y + 17}, textOf(row))));
    });
    return card(title, chart);
  }

  const rateText = (row) => row.complaints_per_million_calls === null ? '–'
      : row.complaints_per_million_calls.toLocaleString();

  function reportRow(row, name, max) {
    const cell = el('td', '', name);
    if (max) cell.append(page.meter({passed: row.verified, unvalidated: row.not_verified}, max));
    const number = (value) => el('td', 'num', value.toLocaleString());
    return tr(cell, number(row.calls), number(row.verified), number(row.not_verified), number(row.rejected),
        number(row.complaints), number(row.ambiguous), el('td', 'num', rateText(row)));
  }

  // Sources of calls that rotate their callers; nothing where nobody counts them.
  function poolsCard(pools) {
    if (!pools || pools.length === 0) return '';
    return card(t('flaggedPools'), table([[t('source')], [t('rule')], [t('calls'), 'num'], [t('callers'), 'num'], [t('since')], [t('until')]],
        pools.map((pool) => tr(el('td', '', t('pool-' + pool.kind) + ' ' + pool.value), el('td', '', pool.rule),
            el('td', 'num', pool.figures.calls.toLocaleString()), el('td', 'num', pool.figures.callers.toLocaleString()),
            el('td', '', localText(pool.since)),
            el('td', '', pool.released ? localText(pool.released) + ' ' + t('released') : localText(pool.until))))));
  }

  function showReport(json) {
    const max = Math.max(1, ...json.rows.map((row) => row.calls));
    const rows = json.rows.map((row) => reportRow(row, row.party || t('notKnown'), max));
    rows.push(reportRow(json.total, t('total'), 0));
    const most = json.rows.filter((row) => row.complaints > 0).slice(0, 15);
    const largest = json.rows.slice().sort((a, b) => b.calls - a.calls).slice(0, 15);
    $('report').replaceChildren(
        card(localText(json.from) + ' – ' + localText(json.to), table([[t('by-' + json.by)], [t('calls'), 'num'], [t('passed'), 'num'],
          [t('notVerified'), 'num'], [t('rejected'), 'num'], [t('tabComplaints'), 'num'], [t('state-ambiguous'), 'num'],
          [t('perMillion'), 'num']], rows), el('p', 'hint', t('unmatchedCount') + ' ' + json.unmatched_complaints)),
        json.spilled_since ? el('p', 'hint', t('notYetStored') + ' ' + localText(json.spilled_since)) : '',
        poolsCard(json.flagged_pools),
        most.length ? barsChart(t('perMillion'), most, (row) => row.complaints_per_million_calls || 0, rateText, 'failed') : '',
        barsChart(t('calls'), largest, (row) => row.calls, (row) => row.calls.toLocaleString(), 'passed'));
  }

  function reportQuery() {
    const query = new URLSearchParams({by: $('r-by').value});
    for (const name of ['from', 'to']) {
      const time = instant($('r-' + name).value);
      if (time) query.set(name, time);
    }
    return query;
  }

  async function report() {
    const answer = await asked('GET', '/v1/report?' + reportQuery());
    if (answer.status === 200) {
      showReport(answer.json);
    } else {
      $('report').replaceChildren(problemCard(answer));
    }
  }

  async function download() {
    const query = reportQuery();
    query.set('format', 'csv');
    const token = sessionStorage.getItem('token');
    const response = await fetch('/v1/report?' + query, {
      headers: token ? {Authorization: 'Bearer ' + token} : {}, cache: 'no-store'}).catch(() => null);
    if (!response || !response.ok) return report();
    page.save(await response.blob(), 'report-' + $('r-by').value + '.csv');
  }

  function start() {
    const now = new Date();
    $('c-zone').textContent = 'UTC' + zoneOf(now);
    $('r-to').value = localInput(now);
    $('r-from').value = localInput(new Date(now.getTime() - 86400000));
    $('complaint-form').addEventListener('submit', file);
    $('c-state').addEventListener('change', () => list());
    $('report-form').addEventListener('submit', (event) => { event.preventDefault(); report(); });
    $('r-csv').addEventListener('click', download);
  }

  return {start, complaints: () => list(), report};
};
