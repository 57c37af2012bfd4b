'use strict';

// The script of the list of events. It uses the functions of console.js.

const maxRows = 10000; // that scrolling loads
const maxLiveRows = 500; // in the list while new events arrive at its top
const liveInterval = 250; // milliseconds between two changes of a list to which events arrive

function fillRow(item, row) {
  const link = $('a', item);
  const set = (selector, text) => {
    const element = $(selector, link);
    if (element.textContent !== text) element.textContent = text;
  };
  link.href = `${base}/events/${encodeURIComponent(row.id)}`;
  link.dataset.id = row.id;
  link.className = row.tone;
  showTime($('time', link), row.time);
  $('.status', link).className = 'status ' + row.tone;
  set('.status', row.statusText);
  set('.type', row.type);
  set('.id', row.id);
  set('.took', row.tookText);
  set('.tries', row.triesText);
  set('.rownote', row.note);
  const button = $('.unfold', item);
  button.hidden = !row.count;
  if (button.getAttribute('aria-expanded') === 'true') showMembers(item);
}

// unfold shows or hides the events of a batch below its row.
function unfold(button) {
  const item = button.parentElement;
  const isOpen = button.getAttribute('aria-expanded') === 'true';
  button.setAttribute('aria-expanded', String(!isOpen));
  if (!isOpen) {
    const hideBusy = showBusy('Loading …');
    showMembers(item).finally(hideBusy);
    return;
  }
  const list = $('ol', item);
  if (list) list.remove();
}

async function showMembers(item) {
  let answer;
  try {
    const response = await request(`${$('a', item).href}/members`);
    answer = await response.json();
  } catch (error) {
    answer = { error: error.message };
  }
  if ($('.unfold', item).getAttribute('aria-expanded') !== 'true') return; // folded meanwhile
  if (answer.error) toast(answer.error, true);
  const list = document.createElement('ol');
  list.className = 'rows members-of';
  for (const row of answer.rows || []) {
    const member = item.cloneNode(true);
    for (const old of member.querySelectorAll('ol')) old.remove();
    $('.unfold', member).setAttribute('aria-expanded', 'false');
    fillRow(member, row);
    list.append(member);
  }
  const before = $('ol', item);
  if (before) before.replaceWith(list); else item.append(list);
}

// followTop makes a box show what is inserted at the top of its content, unless the user has
// scrolled down. The old content does not jump: the box first shows it at its old place, and
// scrolls up in later frames. The browser would count a layout shift if both happened in one frame.
function followTop(box, content) {
  let last = box.scrollTop;
  let isAtTop = true;
  let frame = 0;
  const onScroll = (fn) => box.addEventListener('scroll', fn, { passive: true });

  onScroll(() => {
    if (box.scrollTop < 40) isAtTop = true;
    else if (box.scrollTop > last) isAtTop = false; // only the user scrolls down
    last = box.scrollTop;
    if (last === 0) content.style.minHeight = '';
  });

  const scrollUp = () => {
    if (!isAtTop || last === 0) return;
    const isFar = last > box.clientHeight;
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    last = isFar || isCalm ? 0 : Math.floor(last * 0.8);
    box.scrollTop = last;
    frame = requestAnimationFrame(scrollUp);
  };

  const insert = (fn) => {
    cancelAnimationFrame(frame);
    const top = box.scrollTop;
    content.style.minHeight = '';
    const before = content.offsetHeight;
    fn();
    last = top + content.offsetHeight - before;
    content.style.minHeight = `${box.clientHeight + last}px`; // also a short content can scroll
    box.scrollTop = last;
    frame = requestAnimationFrame(() => { frame = requestAnimationFrame(scrollUp); });
  };

  const goToTop = () => { isAtTop = true; box.scrollTop = 0; };
  // leaveTop makes the box keep its place when rows arrive at its top.
  const leaveTop = () => { cancelAnimationFrame(frame); isAtTop = false; };
  return { insert, goToTop, leaveTop, onScroll, isAtTop: () => isAtTop };
}

function startEvents() {
  const list = $('#rows');
  const box = $('#scroller');
  const view = followTop(box, $('#scrolled'));
  const template = $('#row').content.firstElementChild;
  const newer = $('#newer');
  const progress = $('#progress');
  const query = new URLSearchParams(location.search);
  const byID = new Map();
  let waiting = new Map(); // rows that the list does not show yet
  let timer = 0;
  let lastShown = -Infinity;
  let more = list.dataset.more;
  let place = history.state; // where the user has left the list; null after the user is there again
  if (place && place.id) view.leaveTop();

  for (const item of list.children) byID.set($('a', item).dataset.id, item);
  showTimes(list);

  const fill = (item, row) => {
    fillRow(item, row);
    item.dataset.cursor = row.cursor || 0;
  };

  const make = (row) => {
    const item = template.cloneNode(true);
    fill(item, row);
    byID.set(row.id, item);
    return item;
  };

  const showWaiting = () => {
    const rows = [...waiting.values()].sort((a, b) => (b.cursor || 0) - (a.cursor || 0));
    waiting = new Map();
    newer.hidden = true;
    lastShown = performance.now();
    // Scrolling loads the removed rows again. They go first, because the browser lays out rows
    // beyond maxLiveRows in another way, and would count a layout shift.
    const surplus = rows.length > 0 ? list.children.length + rows.length - maxLiveRows : 0;
    for (let n = 0; n < surplus; n++) {
      byID.delete($('a', list.lastElementChild).dataset.id);
      list.lastElementChild.remove();
    }
    view.insert(() => list.prepend(...rows.map(make)));
    if (surplus > 0) more = list.lastElementChild.dataset.cursor;
    $('#empty').hidden = list.children.length > 0;
  };

  // showSoon shows the first rows at once, and then all rows of an interval together.
  const showSoon = () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      if (waiting.size === 0) return;
      if (view.isAtTop()) { showWaiting(); return; }
      newer.textContent = waiting.size === 1 ? '1 new event' :
        `${waiting.size}${waiting.size < maxLiveRows ? '' : '+'} new events`;
      newer.hidden = false;
    }, Math.max(0, lastShown + liveInterval - performance.now()));
  };

  const receive = ({ rows, skipped }) => {
    for (const row of rows) {
      const item = byID.get(row.id);
      if (item) { fill(item, row); continue; }
      if (row.isOther) { waiting.delete(row.id); continue; }
      waiting.set(row.id, row);
      if (waiting.size > maxLiveRows) waiting.delete(waiting.keys().next().value);
    }
    const text = skipped ? 'Busy: the list shows a sample. Search to see all.' : '';
    if ($('#pulse').textContent !== text) $('#pulse').textContent = text;
    if (waiting.size > 0) showSoon();
  };

  newer.addEventListener('click', () => { view.goToTop(); showWaiting(); });
  view.onScroll(() => { if (view.isAtTop() && waiting.size) showSoon(); });

  const topOf = (row) => row.getBoundingClientRect().top - box.getBoundingClientRect().top;

  // The user leaves the page. Its place is the first visible row, and the row that has the focus.
  window.addEventListener('pagehide', () => {
    if (place) return; // the list has not reached its earlier place
    const first = box.scrollTop > 0 &&
      [...list.children].find((row) => topOf(row) + row.offsetHeight > 0);
    const focused = list.contains(document.activeElement) && document.activeElement.dataset.id;
    const scrolled = first && {
      id: $('a', first).dataset.id, cursor: Number(first.dataset.cursor), offset: topOf(first),
    };
    history.replaceState(scrolled || focused ? { ...scrolled, focused } : null, '');
  });

  // findPlace returns the row at the place where the user has left the list. The row may no longer
  // exist: then it returns the next older row.
  const findPlace = () => byID.get(place.id) || place.cursor > 0 &&
    [...list.children].find((row) => Number(row.dataset.cursor) < place.cursor);

  // goBack scrolls to the place where the user has left the list. It returns false if the list must
  // load more rows first.
  const goBack = () => {
    if (!place) return true;
    const isLoaded = !more || list.children.length >= maxRows;
    const row = place.id ? findPlace() : list.firstElementChild;
    // Without enough rows below, the row can't be at the top of the box.
    const fits = row && topOf(list.lastElementChild) - topOf(row) > box.clientHeight;
    if (!fits && !isLoaded) return false;
    const { id, offset, focused } = place;
    place = null;
    const link = focused && byID.get(focused);
    if (link) $('a', link).focus({ preventScroll: true });
    if (!id) return true;
    if (!row) { view.goToTop(); return true; }
    let frames = 20; // in which the browser finds out the heights of the rows above
    const scroll = () => {
      box.scrollTop += topOf(row) - offset;
      if (frames-- > 0) requestAnimationFrame(scroll);
    };
    scroll();
    return true;
  };

  const isNearEnd = () => progress.getBoundingClientRect().top < window.innerHeight + 1200;
  let isLoading = false;
  let note = ''; // says what the search has covered so far
  const loadMore = async () => {
    if (isLoading || !more || list.children.length >= maxRows) return;
    isLoading = true;
    progress.textContent = [note, 'Searching …'].join(' ').trim();
    query.set('before', more === 'first' ? '' : more);
    try {
      const response = await request(`${base}/events/rows?${query}`);
      const answer = await response.json();
      more = answer.more || '';
      list.append(...(answer.rows || []).filter((row) => !byID.has(row.id)).map(make));
      note = answer.note || '';
      progress.textContent = answer.error || note;
      const isEmpty = list.children.length === 0;
      $('#empty').hidden = !isEmpty || Boolean(more);
      if (isEmpty && !more) $('#empty h2').textContent = 'No event found';
      isLoading = false;
      const isBack = goBack();
      if ((isNearEnd() && !document.hidden || !isBack) && !answer.error) loadMore();
    } catch (error) {
      progress.textContent = error.message;
      isLoading = false;
    }
  };
  if (list.dataset.slow === 'true') { more = 'first'; loadMore(); }
  // An IntersectionObserver misses an end that moves away and comes back between two frames.
  const loadAtEnd = () => { if (isNearEnd()) loadMore(); };
  view.onScroll(loadAtEnd);
  window.addEventListener('resize', loadAtEnd);
  if (!goBack()) loadMore();
  loadAtEnd();

  if (list.dataset.slow !== 'true') {
    query.delete('before');
    query.set('since', list.dataset.seq);
    listen('rows=1&' + query, { rows: receive, back: () => location.reload() });
  } else {
    $('#live').hidden = true;
  }
}
