// SPDX-License-Identifier: MIT
// The page of callvet's service. Whatever comes from a call reaches the page as text only
// (textContent): no markup is ever made of it.
'use strict';

(() => {
  const $ = (id) => document.getElementById(id);
  const SVG = 'http://www.w3.org/2000/svg';

  // ----- Language

  let language = 'en';
  try {
    language = localStorage.getItem('language') ||
        (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');
  } catch (error) { /* storage is switched off */ }
  const texts = () => TEXTS[language] || TEXTS.en;
  const t = (key) => texts().page[key] || TEXTS.en.page[key] || key;
  const checkName = (id) => texts().checks[id] || TEXTS.en.checks[id] || id;

  function translate() {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    for (const element of document.querySelectorAll('[data-text]')) {
      element.textContent = t(element.dataset.text);
    }
    $('language').textContent = language === 'zh' ? 'English' : '中文';
    $('language').lang = language === 'zh' ? 'en' : 'zh';
  }

  // ----- Building elements

  function add(parent, children) {
    for (const child of children) {
      if (child === null || child === undefined) continue;
      parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return parent;
  }
  function el(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    return add(element, children);
  }
  function svg(tag, attributes, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return add(element, children);
  }
  function table(heads, rows) {
    const body = el('tbody');
    for (const row of rows) body.append(row);
    const head = el('tr');
    for (const [text, className] of heads) {
      const cell = el('th', className || '', text);
      cell.scope = 'col';
      head.append(cell);
    }
    return el('div', 'scroll', el('table', '', el('thead', '', head), body));
  }
  const tr = (...cells) => add(el('tr'), cells);
  const card = (title, ...children) => el('div', 'card', title ? el('h2', '', title) : null, ...children);

  // ----- Asking the service

  // The demo's address has the token behind '#', which no server and no log sees.
  function takeTokenFromAddress() {
    const match = /^#token=([\w-]+)$/.exec(location.hash);
    if (!match) return;
    sessionStorage.setItem('token', match[1]);
    history.replaceState(null, '', location.pathname);
  }
  async function ask(method, path, body) {
    const headers = {Accept: 'application/json'};
    const token = sessionStorage.getItem('token');
    if (token) headers.Authorization = 'Bearer ' + token;
    // A form has its own type.
    const form = body === undefined || body instanceof URLSearchParams;
    if (!form) headers['Content-Type'] = 'application/json';
    const response = await fetch(path, {method, headers, body: form ? body : JSON.stringify(body), cache: 'no-store'});
    const json = await response.json().catch(() => ({}));
    return {status: response.status, json};
  }
  function problemOf(answer) {
    if (answer.status === 401) return t('needToken');
    if (answer.status === 403) return t('needScope');
    const error = answer.json.error || {};
    return t('problem') + ' ' + answer.status + ': ' + (error.reason || '') + (error.detail ? ', ' + error.detail : '');
  }

  // ----- Check a call

  const toneOfAnswer = (answer) => {
    const failed = (answer.verdict.checks || []).some((check) => check.outcome === 'failed');
    return answer.verstat === 'TN-Validation-Passed' ? 'good' : failed ? 'bad' : 'warn';
  };

  function verdictCard(answer) {
    const verdict = answer.verdict;
    const words = texts().reasons[answer.reason] || {};
    const tone = toneOfAnswer(answer);
    const tags = el('div', 'tags', el('span', 'tag mono', answer.reason), el('span', 'tag', answer.verstat));
    if (verdict.sip.code) tags.append(el('span', 'tag', verdict.sip.code + ' ' + verdict.sip.phrase));
    if (verdict.attest) tags.append(el('span', 'tag', t('attest') + ' ' + verdict.attest));
    if (verdict.signer && verdict.signer.spc) tags.append(el('span', 'tag', 'SPC ' + verdict.signer.spc));
    if (answer.disposition) tags.append(el('span', 'tag', t('disposition') + ' ' + answer.disposition.action));
    const advice = words.advice || answer.explanation.advice;
    const box = el('div', 'card verdict ' + tone,
        el('p', 'headline', t(tone === 'good' ? 'headlineGood' : tone === 'bad' ? 'headlineBad' : 'headlineWarn')),
        el('p', '', words.meaning || answer.explanation.meaning), tags);
    if (advice) box.append(el('p', 'advice', el('b', '', t('whatToDo') + ' '), advice));
    box.id = 'verdict';
    return box;
  }

  const outcomeOf = (checks, id) => (checks.find((check) => check.id === id) || {}).outcome;

  // The claims beside what the call says.
  function compareCard(answer) {
    const verdict = answer.verdict;
    if (!verdict.orig && !verdict.iat) return null;
    const row = (name, shown, signed, check) => {
      const outcome = outcomeOf(verdict.checks, check);
      const mark = outcome === 'failed' ? el('span', 'differs', '≠ ' + t('differs'))
          : outcome === 'passed' ? el('span', 'same', '= ' + t('matches')) : el('span', '', t('notCompared'));
      return tr(el('td', 'label', name), el('td', 'mono' + (outcome === 'failed' ? ' differs' : ''), shown || '–'),
          el('td', 'mono', signed || '–'), el('td', 'mark', mark));
    };
    const age = verdict.age_seconds;
    const iat = verdict.iat ? new Date(verdict.iat * 1000).toISOString().replace('.000', '') : '';
    const call = answer.call || {};
    return card(t('compareTitle'), table(
        [[''], [t('callShows')], [t('tokenSays')], ['']],
        [row(t('caller'), (call.orig || []).join(', '), verdict.orig, 'orig'),
         row(t('called'), (call.dest || []).join(', '), verdict.dest.join(', '), 'dest'),
         row(t('time'), verdict.judged_at, iat + (age === null ? '' : ' (' + t('age') + ' ' + age + ' s)'), 'iat-fresh')]));
  }

  const ICONS = {passed: '✓', failed: '✕', 'not-applicable': '–', 'not-run': '·'};

  function checksCard(passport, title) {
    const list = el('ol', 'checks');
    for (const check of passport.checks) {
      const icon = el('span', 'icon', ICONS[check.outcome] || '?');
      icon.title = t('outcome-' + check.outcome);
      const name = el('div', '', el('span', 'check-name', checkName(check.id)),
          el('span', 'clause', check.clause));
      const words = check.reason && texts().reasons[check.reason];
      const body = el('div', '', name);
      if (words && words.meaning) body.append(el('div', '', words.meaning));
      if (check.detail) body.append(el('div', 'detail', check.detail));
      const item = el('li', check.outcome, icon, body);
      item.dataset.check = check.id;
      item.setAttribute('aria-label', checkName(check.id) + ': ' + t('outcome-' + check.outcome));
      list.append(item);
    }
    return card(title, list);
  }

  function chainCard(answer) {
    const certificates = answer.certificates || [];
    if (certificates.length === 0) return null;
    const chain = el('div', 'chain');
    certificates.forEach((certificate, index) => {
      if (index > 0) chain.append(el('div', 'link'));
      const box = el('div', 'cert', el('b', '', index === 0 ? t('signer') : t('intermediate')),
          ' · ', certificate.subject, el('div', 'detail', t('valid') + ' ' + certificate.not_before + ' – ' + certificate.not_after));
      if (certificate.tnauthlist) box.append(el('div', 'detail', 'TNAuthList: ' + certificate.tnauthlist));
      chain.append(box);
    });
    const outcome = outcomeOf(answer.verdict.checks, 'chain');
    const last = certificates[certificates.length - 1];
    chain.append(el('div', 'link'));
    const text = outcome === 'passed' ? t('anchorGood') : outcome === 'failed' ? t('anchorBad') : t('anchorUnknown');
    chain.append(el('div', 'cert anchor ' + (outcome === 'passed' ? 'good' : outcome === 'failed' ? 'bad' : ''),
        el('b', '', t('anchor')), ' · ', last.issuer, el('div', 'detail', text)));
    return card(t('chainTitle'), chain);
  }

  function partsCard(decoded) {
    const box = card(t('partsTitle'));
    for (const part of decoded.headers || []) {
      for (const name of ['header', 'payload']) {
        const details = el('details', '', el('summary', '', t(name)),
            el('pre', '', part[name] === null ? '–' : JSON.stringify(part[name], null, 2)));
        details.open = true;
        box.append(details);
      }
      if (Object.keys(part.parameters).length > 0) {
        box.append(el('details', '', el('summary', '', t('parameters')), el('pre', '', JSON.stringify(part.parameters, null, 2))));
      }
      for (const problem of part.problems) {
        box.append(el('p', 'problem', problem.part + ': ' + problem.reason + ': ' + problem.detail));
      }
    }
    return box;
  }

  let lastShown = null;  // [answer, decoded], to be shown again in the other language

  function show(answer, decoded) {
    lastShown = [answer, decoded];
    const result = $('result');
    result.replaceChildren();
    if (answer.status !== 200) {
      result.append(el('div', 'card', el('p', 'problem', problemOf(answer))));
      return;
    }
    const json = answer.json;
    add(result, [verdictCard(json), compareCard(json)]);
    const passports = json.verdict.passports;
    passports.forEach((passport, index) => {
      const title = passports.length === 1 ? t('checksTitle')
          : t('checksTitle') + ' ' + (index + 1) + '/' + passports.length + ' (' + (passport.ppt || 'base') + ')';
      result.append(checksCard(passport, title));
    });
    add(result, [chainCard(json), decoded.status === 200 ? partsCard(decoded.json) : null]);
  }

  async function check(event) {
    if (event) event.preventDefault();
    const call = {text: $('text').value, certificates: true};
    for (const name of ['from', 'to', 'at']) {
      const value = $(name).value.trim();
      if (value) call[name] = /^\d+$/.test(value) && name === 'at' ? Number(value) : value;
    }
    const button = $('check-form').querySelector('.primary');
    button.disabled = true;
    try {
      const [answer, decoded] =
          await Promise.all([ask('POST', '/v1/calls', call), ask('POST', '/v1/decode', {text: call.text})]);
      show(answer, decoded);
    } catch (error) {
      $('result').replaceChildren(el('div', 'card', el('p', 'problem', t('offline'))));
    } finally {
      button.disabled = false;
    }
  }

  async function loadSamples() {
    const answer = await ask('GET', '/v1/samples').catch(() => ({status: 0}));
    if (answer.status !== 200) return;
    const box = $('samples');
    box.replaceChildren(el('span', '', t('samples')));
    for (const sample of answer.json.samples) {
      const button = el('button', '', t('sample-' + sample.name));
      button.type = 'button';
      button.dataset.sample = sample.name;
      button.addEventListener('click', async () => {
        // Signed anew, so that it is fresh.
        const fresh = await ask('GET', '/v1/samples');
        const match = (fresh.json.samples || []).find((candidate) => candidate.name === sample.name);
        $('text').value = (match || sample).text;
        for (const name of ['from', 'to', 'at']) $(name).value = '';
        check();
      });
      box.append(button);
    }
    box.hidden = false;
  }

  // ----- Traffic

  const KINDS = ['passed', 'unvalidated', 'failed'];
  const METERS = [...KINDS, 'neutral'];

  function minutesChart(minutes) {
    const width = 1100, height = 220, left = 40, bottom = 24, top = 8;
    const max = Math.max(4, ...minutes.map((minute) => KINDS.reduce((sum, kind) => sum + minute[kind], 0)));
    const chart = svg('svg', {class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': t('lastHour')});
    const y = (value) => top + (height - top - bottom) * (1 - value / max);
    for (const part of [0, 0.5, 1]) {
      const value = Math.round(max * part);
      chart.append(svg('line', {x1: left, x2: width, y1: y(value), y2: y(value)}),
          svg('text', {x: left - 6, y: y(value) + 4, 'text-anchor': 'end'}, value));
    }
    const step = (width - left) / minutes.length;
    minutes.forEach((minute, index) => {
      let base = 0;
      const group = svg('g', {});
      const when = new Date(minute.minute * 1000);
      const clock = String(when.getHours()).padStart(2, '0') + ':' + String(when.getMinutes()).padStart(2, '0');
      group.append(svg('title', {}, clock + '  ' + KINDS.map((kind) => t(kind) + ' ' + minute[kind]).join(', ')));
      for (const kind of KINDS) {
        if (minute[kind] > 0) {
          group.append(svg('rect', {class: kind, x: left + index * step + 1, width: Math.max(1, step - 2),
            y: y(base + minute[kind]), height: Math.max(1, y(base) - y(base + minute[kind]))}));
        }
        base += minute[kind];
      }
      chart.append(group);
      if (index % 15 === 0) {
        chart.append(svg('text', {x: left + index * step, y: height - 6}, clock));
      }
    });
    return chart;
  }

  function meter(entry, max) {
    const chart = svg('svg', {class: 'meter', viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true'});
    let x = 0;
    for (const kind of METERS) {
      const width = 100 * (entry[kind] || 0) / Math.max(1, max);
      if (width > 0) chart.append(svg('rect', {class: kind, x, y: 0, width, height: 8}));
      x += width;
    }
    return chart;
  }
  const total = (entry) => METERS.reduce((sum, kind) => sum + (entry[kind] || 0), 0);
  const kindOf = (verstat) => verstat === 'TN-Validation-Passed' ? 'passed'
      : verstat === 'TN-Validation-Failed' ? 'failed' : 'unvalidated';

  function namesCard(title, entries) {
    const sorted = entries.slice().sort((a, b) => total(b) - total(a)).slice(0, 15);
    const max = Math.max(1, ...sorted.map(total));
    const rows = sorted.map((entry) => tr(el('td', '', entry.name, meter(entry, max)), el('td', 'num', total(entry))));
    if (rows.length === 0) rows.push(tr(el('td', 'hint', t('nothingYet'))));
    return card(title, table([[t('name')], [t('calls'), 'num']], rows));
  }

  function showTraffic(json) {
    const sum = {passed: 0, unvalidated: 0, failed: 0};
    for (const reason of json.reasons) sum[kindOf(reason.verstat)] += reason.calls;
    const number = (value, text, tone) => el('div', 'card', el('div', 'number ' + tone, value.toLocaleString()), el('div', 'hint', text));
    const reasons = json.reasons.map((entry) => ({name: entry.reason, [kindOf(entry.verstat)]: entry.calls}));
    const legend = el('div', 'legend', ...KINDS.map((kind) => el('span', kind, t(kind))));
    $('traffic').replaceChildren(
        el('div', 'numbers', number(total(sum), t('allCalls'), ''), number(sum.passed, t('passed'), 'good'),
            number(sum.unvalidated, t('unvalidated'), 'warn'), number(sum.failed, t('failed'), 'bad')),
        card(t('lastHour'), legend, minutesChart(json.minutes)),
        el('div', 'grid', namesCard(t('reasonsTitle'), reasons),
            namesCard(t('attestsTitle'), json.attests.map((entry) => ({name: entry.attest || '–', neutral: entry.calls}))),
            namesCard(t('signersTitle'), json.signers), namesCard(t('trunksTitle'), json.trunks)));
  }

  // ----- Trust

  const ageText = (seconds) => seconds < 7200 ? Math.round(seconds / 60) + ' min'
      : seconds < 172800 ? Math.round(seconds / 3600) + ' h' : Math.round(seconds / 86400) + ' d';
  const untilText = (time, now) => {
    const left = (Date.parse(time) - Date.parse(now)) / 1000;
    return left < 0 ? el('span', 'differs', t('ended')) : ageText(left);
  };
  function findings(certificate) {
    const cell = el('td');
    if (certificate.findings.length === 0) add(cell, [el('span', 'same', '✓')]);
    for (const finding of certificate.findings) {
      cell.append(el('div', 'finding-' + finding.level, finding.id + ' ' + finding.rule + ': ' + finding.found));
    }
    return cell;
  }

  function showTrust(json) {
    const sources = json.sources.map((source) => tr(
        el('td', '', source.kind), el('td', 'mono', source.name),
        el('td', '', source.failure ? el('span', 'differs', source.failure.reason + ': ' + source.failure.detail)
            : el('span', 'same', '✓ ' + source.detail))));
    const anchors = json.anchors.map((anchor) => tr(el('td', '', anchor.subject),
        el('td', 'num', untilText(anchor.not_after, json.now)), findings(anchor)));
    const crls = json.crls.map((crl) => tr(el('td', '', crl.issuer), el('td', 'num', ageText(crl.age_seconds)),
        el('td', 'num', crl.current ? untilText(crl.next_update, json.now) : el('span', 'differs', t('ended'))),
        el('td', 'num', crl.entries)));
    const signers = json.signers.map((signer) => tr(el('td', '', signer.subject, el('div', 'detail', signer.x5u)),
        el('td', '', signer.tnauthlist || '–'), el('td', 'num', untilText(signer.not_after, json.now)), findings(signer)));
    const none = (rows) => rows.length ? rows : [tr(el('td', 'hint', t('nothingYet')))];
    const cache = json.cache ? ['entries', 'hits', 'misses', 'fetches', 'fetch_failures', 'stale_served', 'waiting']
        .map((name) => tr(el('td', '', t('cache-' + name)), el('td', 'num', json.cache[name].toLocaleString()))) : null;
    const list = json.trust_list;
    $('trust').replaceChildren(
        card(t('sourcesTitle'), table([[t('kind')], [t('name')], [t('state')]], none(sources))),
        card(t('anchorsTitle'), table([[t('subject')], [t('left'), 'num'], [t('findings')]], none(anchors))),
        card(t('signersSeen'), table([[t('subject')], ['TNAuthList'], [t('left'), 'num'], [t('findings')]], none(signers))),
        el('div', 'grid',
            card(t('crlsTitle'), table([[t('issuer')], [t('ageHead'), 'num'], [t('left'), 'num'], [t('entries'), 'num']], none(crls))),
            card(t('listTitle'), list ? table([[''], ['']], [
              tr(el('td', '', t('sequence')), el('td', 'num', list.sequence)),
              tr(el('td', '', t('left')), el('td', 'num', untilText(list.expires, json.now))),
              tr(el('td', '', t('anchorsTitle')), el('td', 'num', list.anchors))]) : el('p', 'hint', t('noList'))),
            card(t('cacheTitle'), cache ? table([[''], ['', 'num']], cache) : el('p', 'hint', t('noCache')))));
  }

  // ----- Evidence

  const EVIDENCE_FIELDS = ['orig', 'dest', 'div', 'spc', 'trunk', 'origid', 'call_id', 'from', 'to', 'reason'];

  function searchQuery() {
    const query = new URLSearchParams({limit: '50'});
    for (const name of EVIDENCE_FIELDS) {
      const value = $('e-' + name).value.trim();
      if (value) query.set(name, value);
    }
    return query;
  }

  // `before`: the next page of `query`, whatever the form says by now.
  async function search(query = searchQuery(), before = null) {
    const page = new URLSearchParams(query);
    if (before) page.set('before', String(before));
    const answer = await ask('POST', '/v1/evidence:search', page).catch(() => ({status: 0, json: {}}));
    if (!before) $('evidence').replaceChildren();
    $('story').replaceChildren();
    if (answer.status !== 200) {
      const button = el('button', 'quiet', t('token'));
      button.addEventListener('click', openTokenDialog);
      $('evidence').append(card('', el('p', 'problem', answer.status ? problemOf(answer) : t('offline')), el('p', '', button)));
      return;
    }
    const rows = answer.json.records.map((record) => {
      const button = el('button', 'quiet mono', record.time || '–');
      button.type = 'button';
      button.dataset.id = record.id;
      button.addEventListener('click', () => showStory(record.id, $('story')));
      return tr(el('td', '', button), el('td', 'mono', record.orig || '–'), el('td', 'mono', record.dest || '–'),
          el('td', record.reason === 'verified' && !record.altered ? 'same' : 'differs', record.reason || '–',
              record.altered ? el('div', 'altered', t('altered') + ' ' + record.altered) : null), el('td', '', record.attest || '–'),
          el('td', '', record.spc || '–'), el('td', '', record.trunk || '–'));
    });
    const box = card(t('foundTitle'), rows.length === 0 ? el('p', 'hint', t(answer.json.next ? 'nothingYet' : 'nothingFound')) : table(
        [[t('time')], [t('caller')], [t('called')], [t('reason')], [t('attest')], ['SPC'], [t('trunk')]], rows));
    if (answer.json.next) {
      const more = el('button', 'quiet', t('more'));
      more.type = 'button';
      more.addEventListener('click', () => { more.remove(); search(query, answer.json.next); });
      box.append(more);
    }
    if (answer.json.spilled_since) box.append(el('p', 'hint', t('notYetStored') + ' ' + answer.json.spilled_since));
    $('evidence').append(box);
  }

  const spcsText = (prefix, spcs) => spcs && spcs.length ? ' (' + prefix + 'SPC ' + spcs.join(', ') + ')' : '';
  const signerText = (signer) => !signer ? t('notSigned') : signer.subject + spcsText('', signer.spcs) +
      spcsText(t('delegatedBy') + ' ', signer.delegated_by_spcs);

  // Who connected the call: signer, who redirected it, where it came in.
  function responsibleCard(story, title) {
    const responsible = story.responsible;
    const rows = [tr(el('td', 'label', t('signedBy')), el('td', '', signerText(responsible.signer),
        responsible.signer && !responsible.signer_verified ? el('div', 'hint', t('signerDoubt')) : null))];
    for (const leg of responsible.diversions) {
      rows.push(tr(el('td', 'label', t('redirectedBy')),
          el('td', '', leg.from + ' → ' + leg.to + ' · ' + t('signedBy') + ' ' + signerText(leg.signer))));
    }
    for (const passport of responsible.claimed) {
      rows.push(tr(el('td', 'label', t('claimedBy')), el('td', '', [passport.ppt, passport.x5u, passport.orig,
          passport.div, passport.reason].filter((text) => text).join(' · '))));
    }
    if (responsible.holder) rows.push(tr(el('td', 'label', t('holder')), el('td', '', responsible.holder)));
    rows.push(tr(el('td', 'label', t('cameInBy')), el('td', '', responsible.trunk || '–')));
    return card(title || t('responsibleTitle'), table([[''], ['']], rows));
  }

  async function showStory(id, box) {
    const answer = await ask('GET', '/v1/evidence/' + encodeURIComponent(id)).catch(() => ({status: 0, json: {}}));
    box.replaceChildren();
    if (answer.status !== 200) {
      box.append(card('', el('p', 'problem', answer.status ? problemOf(answer) : t('offline'))));
      return;
    }
    const story = answer.json;
    // What is no UTF-8 comes as {base64: ...}.
    const plain = value => value && value.base64 !== undefined ? atob(value.base64) : value;
    const all = values => (values || []).map(plain);
    const line = (name, value) => tr(el('td', 'label', name), el('td', 'mono', plain(value) || '–'));
    const replay = story.replay;
    const button = el('button', 'quiet', t('exportButton'));
    button.type = 'button';
    const failure = el('p', 'problem');
    failure.hidden = true;
    button.addEventListener('click', () => exportCall(id, failure));
    box.append(responsibleCard(story), card(t('storyTitle'), table([[''], ['']], [
      line(t('time'), story.time), line(t('caller'), story.call ? all(story.call.orig).join(', ') : story.orig),
      line(t('called'), story.call ? all(story.call.dest).join(', ') : story.dest), line(t('callId'), story.call_id),
      line(t('recorded'), story.reason), line(t('disposition'), story.disposition),
      line(t('judgedAgain'), replay ? t('replay-' + replay.outcome) + (replay.difference ? ': ' + replay.difference : '') : ''),
      line('ID', story.id)]), replay ? null : el('p', 'hint', t('sealedHint')), el('p', '', button), failure));
    if (replay) {
      replay.verdict.passports.forEach((passport, index) => box.append(
          checksCard(passport, t('checksTitle') + ' ' + (index + 1) + '/' + replay.verdict.passports.length)));
      box.append(card(t('identityTitle'), el('pre', '', all(story.call.identities).join('\n\n'))));
    }
    box.scrollIntoView();
  }

  async function exportCall(id, failure) {
    const answer = await ask('GET', '/v1/evidence/' + encodeURIComponent(id) + '/export').catch(() => ({status: 0, json: {}}));
    failure.textContent = answer.status === 200 ? '' : answer.status ? problemOf(answer) : t('offline');
    failure.hidden = answer.status === 200;
    if (answer.status !== 200) return;
    save(new Blob([JSON.stringify(answer.json, null, 2)], {type: 'application/json'}), 'evidence-' + id + '.json');
  }

  function save(blob, name) {
    const link = el('a');
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // ----- Views

  const VIEWS = ['check', 'traffic', 'evidence', 'complaints', 'report', 'trust'];
  // Looking at evidence is recorded, so it is looked at only when somebody asks.
  const ON_REQUEST = ['evidence', 'complaints', 'report'];
  const more = complaintViews({$, el, svg, tr, table, card, ask, problemOf, t, add, meter, responsibleCard, showStory, save,
    openTokenDialog});
  let view = 'check';
  let timer = 0;

  async function refresh() {
    const asked = view;
    if (asked === 'evidence') return search();
    if (more[asked]) return more[asked]();
    const answer = await ask('GET', '/v1/' + asked).catch(() => ({status: 0, json: {}}));
    if (view !== asked) return;  // somebody went on meanwhile
    if (answer.status === 200) {
      (asked === 'traffic' ? showTraffic : showTrust)(answer.json);
    } else {
      const button = el('button', 'quiet', t('token'));
      button.addEventListener('click', openTokenDialog);
      $(asked).replaceChildren(card('', el('p', 'problem', answer.status ? problemOf(answer) : t('offline')), el('p', '', button)));
    }
  }

  function open(name, focus) {
    view = name;
    for (const other of VIEWS) {
      const tab = $('tab-' + other);
      tab.setAttribute('aria-selected', String(other === name));
      tab.tabIndex = other === name ? 0 : -1;
      $('view-' + other).hidden = other !== name;
    }
    if (focus) $('tab-' + name).focus();
    clearInterval(timer);
    if (name === 'check') return;
    refresh();
    if (ON_REQUEST.includes(name)) return;
    timer = setInterval(refresh, name === 'traffic' ? 5000 : 30000);
  }

  async function showReady() {
    const box = $('ready');
    const answer = await ask('GET', '/readyz').catch(() => ({status: 0, json: {}}));
    box.className = 'ready ' + (answer.status === 200 ? 'good' : 'bad');
    box.textContent = answer.status === 200 ? t('ready') : t('notReady');
    box.title = answer.json.detail || '';
  }

  function openTokenDialog() {
    $('token').value = '';
    $('token-dialog').showModal();
  }

  function start() {
    takeTokenFromAddress();
    translate();
    more.start();
    open('check', false);
    $('check-form').addEventListener('submit', check);
    $('evidence-form').addEventListener('submit', (event) => { event.preventDefault(); search(); });
    for (const name of VIEWS) $('tab-' + name).addEventListener('click', () => open(name, false));
    document.querySelector('nav').addEventListener('keydown', (event) => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (step) open(VIEWS[(VIEWS.indexOf(view) + step + VIEWS.length) % VIEWS.length], true);
    });
    $('language').addEventListener('click', () => {
      language = language === 'zh' ? 'en' : 'zh';
      try { localStorage.setItem('language', language); } catch (error) { /* not remembered */ }
      translate();
      if (lastShown) show(...lastShown);
      loadSamples();
      showReady();
      if (view !== 'check') refresh();
    });
    $('token-button').addEventListener('click', openTokenDialog);
    // No submit button: Enter uses the token.
    $('token-cancel').addEventListener('click', () => $('token-dialog').close('cancel'));
    $('token-dialog').addEventListener('close', () => {
      if ($('token-dialog').returnValue !== 'save') return;
      sessionStorage.setItem('token', $('token').value.trim());
      $('token').value = '';
      if (view !== 'check') refresh();
      loadSamples();
    });
    showReady();
    setInterval(showReady, 15000);
    loadSamples();
  }

  start();
})();
