'use strict';
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const box = document.querySelector('.search input');
  const items = all('[data-item]').map(element => ({ element, text: element.textContent.toLowerCase(), section: element.closest('section') }));
  const wasOpen = new Map(all('details').map(details => [details, details.open]));

  const show = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = new Map();
    for (const { element, text, section } of items) {
      const only = all('[data-only][aria-pressed=true]', section).map(button => button.dataset.only);
      const fits = words.every(word => text.includes(word)) && (!only.length || !element.dataset.is || only.includes(element.dataset.is));
      element.hidden = !fits;
      if (fits) found.set(section, (found.get(section) || 0) + 1);
    }
    for (const group of all('details.group')) {
      const left = all('[data-item]:not([hidden])', group).length;
      group.hidden = !left;
      group.open = words.length ? left > 0 : wasOpen.get(group);
    }
    for (const sub of all('.sub')) {
      const next = sub.nextElementSibling;
      const rows = next ? all('[data-item]', next) : [];
      sub.hidden = rows.length > 0 && rows.every(row => row.hidden || row.parentElement.closest('[hidden]'));
    }
    for (const none of all('.none')) {
      const section = none.closest('section');
      none.hidden = found.has(section) || !all('[data-item]', section).length;
    }
  };

  box.addEventListener('input', show);
  for (const button of all('[data-only]')) button.addEventListener('click', () => {
    button.setAttribute('aria-pressed', button.getAttribute('aria-pressed') !== 'true');
    show();
  });
  addEventListener('keydown', event => {
    if (event.key === '/' && document.activeElement !== box) { event.preventDefault(); box.focus(); }
    if (event.key === 'Escape' && document.activeElement === box) { box.value = ''; show(); }
  });
  // For browsers that cannot open them by style.
  let before = [];
  addEventListener('beforeprint', () => { before = all('details:not([open])'); before.forEach(details => { details.open = true; }); });
  addEventListener('afterprint', () => before.forEach(details => { details.open = false; }));
  for (const control of all('.controls')) control.hidden = false;
})();
