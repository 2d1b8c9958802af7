// Small words for the document.

export const at = (id) => document.getElementById(id);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/// An element with a class and children; texts are texts.
export function make(tag, cls, ...children) {
  const made = document.createElement(tag);
  if (cls) made.className = cls;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/// A button that sends no form.
export function button(text, pressed, cls) {
  const made = make('button', cls, text);
  made.type = 'button';
  made.addEventListener('click', pressed);
  return made;
}

/// Prepends, and keeps so many.
export function prepend(list, item, most) {
  list.prepend(item);
  while (list.childElementCount > most) list.lastElementChild.remove();
}

/// The names of states and kinds, in words.
export const words = (name) => String(name).replaceAll('_', ' ').replaceAll('.', ': ');

/// Opens the chapter an element is in, and whatever else hides it; then moves the focus there.
export function goTo(element) {
  if (!element) return;
  showChapterOf(element);
  for (let up = element.parentElement; up; up = up.parentElement) if (up.tagName === 'DETAILS') up.open = true;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: 'nearest', behavior: still ? 'auto' : 'smooth' });
}

/// Shows one chapter and hides the others.
export function showChapterOf(element) {
  const chapter = element.closest('.chapter');
  if (!chapter) return;
  for (const other of all('.chapter')) other.hidden = other !== chapter;
  for (const link of all('.chapters a')) {
    if (link.hash === `#${chapter.id}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

/// Puts a value into a field as if somebody had typed it.
export function fill(id, value, kind) {
  const field = at(id);
  field.value = value;
  const choice = kind && field.form?.querySelector(`[name=kind][value=${kind}]`);
  if (choice) choice.checked = true;
  const box = field.form?.elements.is_recovery;
  if (box) box.checked = kind === 'recovery';
  goTo(field);
}
