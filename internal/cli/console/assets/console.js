'use strict';

// The script of the console's pages. It inserts texts of events as text, never as HTML. Only parts
// of pages that the console has rendered and escaped are inserted as HTML.

// The script runs before the browser shows the page, so it handles each click. The body exists
// later.
let base = '';
const changeToken = document.querySelector('meta[name=change], meta[name=count]').content;
const $ = (selector, root = document) => root.querySelector(selector);

// ---- Times

const two = (n) => String(n).padStart(2, '0');

function showTime(element, ms) {
  const t = new Date(ms);
  element.dateTime = t.toISOString();
  element.title = t.toISOString() + ' (UTC)';
  const clock = `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}.` +
    String(t.getMilliseconds()).padStart(3, '0');
  const isToday = t.toDateString() === new Date().toDateString();
  const day = `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
  const text = isToday ? clock : `${day} ${clock}`;
  if (element.textContent !== text) element.textContent = text;
}

function showTimes(root) {
  for (const element of root.querySelectorAll('time[data-ms]:not([title])')) {
    if (element.dataset.ms) showTime(element, Number(element.dataset.ms));
  }
}

// ---- Notices

let toastTimer;

function toast(text, isError) {
  const element = $('#toast');
  element.textContent = text;
  element.className = isError ? 'show error' : 'show';
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { element.className = ''; }, isError ? 10000 : 4000);
}

// showBusy shows the text, unless the caller calls the returned function soon.
function showBusy(text) {
  const timer = setTimeout(() => { $('#busy').textContent = text; }, 300);
  return () => { clearTimeout(timer); $('#busy').textContent = ''; };
}

let stopLoading = () => {};
window.addEventListener('beforeunload', () => { stopLoading = showBusy('Loading …'); });
// The browser shows a page again that the user has left: its buttons may be disabled.
window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

// ---- Requests

// request is like fetch. If the session has ended, it loads the page again, which says what to do.
async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error('The console does not answer. Is it still running?');
  }
  if (response.status === 401) { location.reload(); return new Promise(() => {}); }
  return response;
}

// ---- Changes

async function post(path, body, type) {
  const headers = { 'X-Console-Token': changeToken };
  headers['Content-Type'] = type || 'application/x-www-form-urlencoded';
  const response = await request(path, { method: 'POST', headers, body });
  const text = await response.text();
  let answer;
  try { answer = JSON.parse(text); } catch { answer = { error: text }; }
  if (!response.ok) throw new Error(answer.error || response.statusText);
  return answer;
}

const running = new Set(); // changes that the console has not answered

async function change(path, body, type, source) {
  const key = `${path} ${body}`;
  if (running.has(key)) return; // the page may have replaced the disabled button meanwhile
  running.add(key);
  const hideBusy = showBusy('Working …');
  const problem = source && source.querySelector('[data-error]');
  if (problem) problem.hidden = true;
  const buttons = source ? source.querySelectorAll('button') : [];
  buttons.forEach((button) => { button.disabled = true; });
  let leaves = false;
  try {
    const answer = await post(path, body, type);
    if (answer.location && answer.location !== location.pathname + location.search) {
      leaves = true; // the buttons stay disabled until the next page is here
      location.assign(answer.location);
      return;
    }
    if (source) source.classList.remove('edited');
    if (answer.message) {
      hideBusy();
      toast(answer.message);
    }
    await reload();
  } catch (error) {
    if (problem) {
      problem.textContent = error.message;
      problem.hidden = false;
    } else {
      toast(error.message, true);
    }
  } finally {
    hideBusy();
    if (!leaves) {
      running.delete(key);
      buttons.forEach((button) => { button.disabled = false; });
    }
  }
}

// isRepeated reports whether a click is the second one of a double click. The first click may have
// opened this page, or replaced the button.
function isRepeated(click) { return click.detail > 1; }

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.id === 'search' || form.id === 'filter') {
    for (const field of form.elements) if (!field.value) field.disabled = true; // short addresses
    return;
  }
  if (!form.dataset.post) return;
  event.preventDefault();
  submit(form, form.dataset.post);
});

// A dry run no longer matches an edited form.
document.addEventListener('input', (event) => {
  const form = event.target.closest('form[data-count]');
  if (form) form.classList.add('edited');
});

function submit(form, path) {
  if (form.dataset.raw) {
    change(path, form.elements[form.dataset.raw].value, 'application/json', form);
    return;
  }
  change(path, new URLSearchParams(new FormData(form)), undefined, form);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (isRepeated(event)) { event.preventDefault(); return; }
  if (button.dataset.copy !== undefined) copy(button);
  if (button.classList.contains('unfold')) unfold(button);
  if (button.dataset.submit) submit(button.form, button.dataset.submit);
  if (button.dataset.post) {
    change(button.dataset.post, button.dataset.body || '', undefined, button.parentElement);
  }
});

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    toast('Copied');
  } catch {
    toast('The browser does not allow copying', true);
  }
}

// ---- Pages that load again

let known = new Map(); // id → HTML as the console rendered it

function remember(main) {
  known = new Map();
  for (const part of main.children) if (part.id) known.set(part.id, part.outerHTML);
}

// reload loads the main part of the page and replaces the parts that differ. It keeps folded and
// unfolded parts, the focus and what the user types.
async function reload() {
  const response = await request(location.href, { headers: { 'X-Fragment': '1' } });
  const parsed = new DOMParser().parseFromString(await response.text(), 'text/html');
  const next = $('main', parsed);
  if (!next) return;
  const main = $('main');
  const before = known;
  remember(next);
  let last = null;
  for (const part of [...next.children]) {
    const current = part.id && document.getElementById(part.id);
    if (current && before.get(part.id) === part.outerHTML) { last = current; continue; }
    if (current && current.tagName === 'FORM') { last = current; continue; }
    const adopted = document.importNode(part, true);
    if (current) {
      keepOpen(current, adopted);
      current.replaceWith(adopted);
    } else if (part.id) {
      last ? last.after(adopted) : main.prepend(adopted);
    } else {
      continue;
    }
    showTimes(adopted);
    last = adopted;
  }
  for (const part of [...main.children]) {
    if (part.id && !known.has(part.id)) part.remove();
  }
}

function keepOpen(current, adopted) {
  for (const details of current.querySelectorAll('details[id]')) {
    const match = adopted.querySelector('#' + CSS.escape(details.id));
    if (match) match.open = details.open;
  }
  for (const box of current.querySelectorAll('input[type=checkbox][id]')) {
    const match = adopted.querySelector('#' + CSS.escape(box.id));
    if (match) match.checked = box.checked;
  }
  const focused = current.contains(document.activeElement) && document.activeElement;
  if (focused && focused.dataset.post) {
    const match = adopted.querySelector(`[data-post="${CSS.escape(focused.dataset.post)}"]`);
    if (match) setTimeout(() => match.focus());
  }
}

// ---- The stream

// showBadges shows a text next to the name of each tab. The texts change on every page.
function showBadges(texts) {
  for (const [tab, text] of Object.entries(texts)) {
    const badge = $(`#badge-${tab}`);
    if (badge && badge.textContent !== text) badge.textContent = text;
  }
}

function listen(query, handlers) {
  const live = $('#live');
  let source;
  let leaves = false;
  window.addEventListener('beforeunload', () => { leaves = true; });
  const open = () => {
    source = new EventSource(`${base}/stream?${query}`);
    source.onopen = () => { live.className = 'live on'; live.textContent = 'Live'; };
    source.onerror = () => {
      live.className = 'live off';
      live.textContent = 'Reconnecting';
      // The console has restarted. Some browsers also report an error when the user leaves the
      // page.
      if (source.readyState === EventSource.CLOSED && !leaves) location.reload();
    };
    source.addEventListener('badges', (message) => showBadges(JSON.parse(message.data)));
    for (const [name, fn] of Object.entries(handlers)) {
      source.addEventListener(name, (message) => fn(JSON.parse(message.data)));
    }
  };
  open();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) { source.close(); return; }
    if (source.readyState === EventSource.CLOSED) { open(); if (handlers.back) handlers.back(); }
  });
}

let loading = false;
let again = false;

async function reloadOnce() {
  if (loading) { again = true; return; }
  loading = true;
  try { await reload(); } catch { /* the stream shows that the console is gone */ }
  loading = false;
  if (again) { again = false; reloadOnce(); }
}

// ---- Keys

const pages = {
  o: '/', e: '/events', d: '/deadletters', r: '/refused', p: '/replay', l: '/reload',
};
const scrollKeys = new Set([' ', 'PageUp', 'PageDown', 'Home', 'End', 'ArrowUp', 'ArrowDown']);
let goes = false;

document.addEventListener('keydown', (event) => {
  if (event.repeat && event.target.matches('button')) { event.preventDefault(); return; }
  if (event.key === 'Escape') stopLoading(); // the browser cancels the loading
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches('input, textarea, select');
  if (event.key === 'Escape' && typing) { event.target.blur(); return; }
  if (typing) return;
  const list = $('#scroller');
  const isUnfocused = [document.body, $('main')].includes(document.activeElement);
  if (list && scrollKeys.has(event.key) && isUnfocused) {
    list.focus({ preventScroll: true }); // so that the key scrolls the list
  }
  if (goes) {
    goes = false;
    if (pages[event.key]) location.assign(base + pages[event.key]);
    return;
  }
  const moves = { j: 1, k: -1 };
  if (event.key === '/') {
    event.preventDefault();
    const field = $('#search input');
    if (field) field.focus(); else location.assign(base + '/events#search');
  } else if (event.key === 'g') {
    goes = true;
    setTimeout(() => { goes = false; }, 1500);
  } else if (event.key === '?') {
    $('#keys').showModal();
  } else if (moves[event.key]) {
    const links = [...document.querySelectorAll('.rows a, .letters a')];
    const next = links[links.indexOf(document.activeElement) + moves[event.key]] ||
      (event.key === 'j' && links[0]);
    if (next) next.focus();
  }
});

// ---- Start

document.addEventListener('DOMContentLoaded', () => {
  base = document.body.dataset.base;
  const tab = $('nav [aria-current]'); // may be outside of a narrow window
  if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - 24;
  const search = $('#search input');
  if (search && location.hash === '#search') { // the user pressed / on another page
    search.focus();
    history.replaceState(history.state, '', location.pathname + location.search);
  }
  if ($('#rows') && $('#search')) { startEvents(); return; }
  remember($('main')); // before anything changes the page
  showTimes(document);
  const live = document.body.dataset.live;
  if (live) listen(live, { change: reloadOnce, back: reloadOnce }); else $('#live').hidden = true;
});
