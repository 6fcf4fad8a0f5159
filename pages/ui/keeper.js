// Keeps what is typed until the server has taken it, and loses no press where the connection breaks.
// Streamlit calls the default function after each run of a page; the rest stays as long as the tab.
const BOXES = 'textarea, input[type="text"]:not([role]), input[type="number"]';
// Selects, and what stands behind the parts of a date: an input for the browser's own filling in.
const LIST = 'input[role="combobox"]';
const TICK = 'input[type="checkbox"]';
const CHOICES = `${LIST}, ${TICK}, input[type="date"], input[type="datetime-local"]`;
const SUBMIT = '[data-testid="stFormSubmitButton"]';
const CONTROLS = `.stButton, .stFeedback, .stButtonGroup, ${SUBMIT}`;
const FORMS = '[data-testid="stForm"], [data-testid="stPopoverBody"], [role="dialog"]';
// Streamlit's own word of a lost connection would cover what is typed.
const ERROR = '[data-testid="stDialog"]:not(:has([data-testid="stVerticalBlock"]))';
// Milliseconds from the last letter until a text is saved: others see sentences, not halves of them.
const PAUSE = 10000;
const AWAY =
  "Not connected: nothing is saved until the connection is back. What you type is kept in this page.";
const APP = document.querySelector('[data-testid="stApp"]');

let page = { scope: "", stored: {}, rounds: {}, failed: "" };
let rerun = () => {};
let mode = "up"; // away: not connected; back: connected again, and what stands here is being sent
let ran = false; // whether a run has begun since the connection came back
let [pressed, held] = [null, null]; // the last press until its run is over, and one that has to wait
let kept = ""; // what is typed, as the tab's storage has it
let broken = ""; // the words of a press whose run was broken off
const facts = new WeakMap(); // of a box: the server's text, the text put back in, and if it is closed
// By box: what is typed, over what, and what was sent of it. Tabs that were closed leave theirs.
const typed = { ...storage("localStorage"), ...storage("sessionStorage") };
storage("localStorage", {});

function storage(kind, found) {
  try {
    if (found) window[kind].setItem("typed", JSON.stringify(found));
    return JSON.parse(window[kind].getItem("typed")) || {};
  } catch {
    return {}; // full or closed: what is typed stays in the page alone
  }
}

const isUp = () => APP.dataset.testConnectionState === "CONNECTED";
const isAtRest = () => APP.dataset.testScriptState === "notRunning";

const placeOf = (box) => box.closest('[data-testid="stElementContainer"]');

// A period has two dates.
const partsOf = (box) => [...placeOf(box).querySelectorAll(box.matches(BOXES) ? BOXES : CHOICES)];
const labelOf = (box) =>
  box.ariaLabel || `${placeOf(box).querySelector("label")?.innerText} ${partsOf(box).indexOf(box)}`;

function keyOf(box) {
  const names = [...(box.closest('[class*="st-key-"]')?.classList || [])];
  const key = names.find((name) => name.startsWith("st-key-")) || "";
  return `${key.slice(7)}|${labelOf(box)}`;
}

// The same in every round of a form, after a reload and at another server.
function idOf(box) {
  let key = keyOf(box);
  for (const [name, round] of Object.entries(page.rounds)) {
    const now = `${name}_${round}_`;
    if (key.startsWith(now)) key = `${name}_0_${key.slice(now.length)}`;
  }
  return `${page.scope}|${key}`;
}

const storedOf = (box) => page.stored[keyOf(box).split("|")[0]];
// A search is none: it belongs to the address, and to Back and Forward.
const isKept = (box) =>
  placeOf(box) && (box.matches("textarea") || storedOf(box) || box.closest(FORMS));
// What is chosen in a list stands there once it is closed.
const isChoice = (box) => box.matches(CHOICES) && isKept(box) && box.ariaExpanded !== "true";
const valueOf = (box) => (box.matches(TICK) ? `${box.checked}` : box.value);
const factsOf = (box) => facts.get(box) || facts.set(box, {}).get(box);

function put(box, text) {
  if (box.matches(TICK)) return box.click();
  const before = document.activeElement;
  if (box.matches(LIST)) box.focus({ preventScroll: true });
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(box), "value").set.call(box, text);
  box.dispatchEvent(new Event("input", { bubbles: true }));
  const left = new FocusEvent("focusout", { bubbles: true });
  if (box !== document.activeElement) box.dispatchEvent(left);
  if (!box.matches(LIST)) return;
  const options = [...document.querySelectorAll('[role="option"]')];
  options.find((option) => option.textContent === text)?.click();
  box.blur();
  if (before !== box) before.focus({ preventScroll: true });
}

function onInput({ target: box }) {
  if (box.matches?.(BOXES) && isKept(box)) keep(box);
}

// A choice tells nothing when it is made.
function look(box) {
  const known = factsOf(box);
  known.base ??= valueOf(box);
  if ((known.seen ??= known.base) !== valueOf(box)) keep(box);
  known.seen = valueOf(box);
}

function keep(box) {
  const id = idOf(box);
  const one = typed[id] || { base: factsOf(box).base ?? "" };
  typed[id] = Object.assign(one, { key: keyOf(box), text: valueOf(box), at: Date.now() });
  if (one.text === one.base) delete typed[id];
}

function onFocus({ target: box, type }) {
  if (type === "focusin" && placeOf(box)) partsOf(box).filter(isChoice).forEach(look);
  if (!box.matches?.(BOXES)) return;
  const one = typed[idOf(box)];
  if (type === "focusin") factsOf(box).base ??= box.value;
  else if (one) one.sent = box.value;
}

function isSame(box, text) {
  const value = valueOf(box);
  return value === text || (box.type === "number" && value && text && +value === +text);
}

// Puts back what the server has not taken; where it has another text by now, both are kept.
function restore(box) {
  const [id, stored, known] = [idOf(box), storedOf(box), factsOf(box)];
  const savesItself = stored && box.matches("textarea");
  const one = typed[id];
  if (!one || stored?.taken.trim() === one.text.trim()) {
    known.base = valueOf(box);
    return delete typed[id];
  }
  if (savesItself) {
    const theirs = stored.shown.split("\n");
    const isNew = (line) => ![...theirs, ...one.base.split("\n")].includes(line);
    if (stored.taken === one.sent) one.base = stored.taken;
    else if (![stored.taken, stored.shown].includes(one.base)) {
      // Of two changes of a text both stay: theirs, and below it the lines that were typed here.
      one.text = [...theirs, ...one.text.split("\n").filter(isNew)].join("\n");
      one.base = stored.shown;
    }
  }
  one.key = keyOf(box);
  // A period turns its dates round where the first one is the later.
  const end = partsOf(box)[1];
  if (typed[end && idOf(end)] && box !== end && one.text > end.value) return restore(end);
  if (isSame(box, one.text)) {
    known.put = null;
    if (savesItself && Date.now() - one.at > PAUSE && one.asked !== one.text) {
      one.asked = one.sent = one.text;
      const enter = { key: "Enter", ctrlKey: true, bubbles: true };
      box.dispatchEvent(new KeyboardEvent("keydown", enter));
    }
  } else if (known.put === one.text) {
    delete typed[id]; // the box does not take it
  } else {
    if (!savesItself && !isSame(box, one.base)) one.theirs = one.base = valueOf(box);
    known.put = one.text;
    put(box, one.text);
  }
}

function stateOf(box, one, stored) {
  if (!one || one.text === one.base || stored?.said === null) return stored?.said || "";
  if (mode !== "up") return "Not saved: kept here until the connection is back";
  if (page.failed && one.key.startsWith(page.failed)) return "Saving failed: kept here";
  return "Not saved yet" + ("theirs" in one ? `; changed meanwhile to “${one.theirs}”` : "");
}

function tell(box) {
  const said = partsOf(box).map((part) => stateOf(part, typed[idOf(part)], storedOf(part)));
  const place = placeOf(box);
  let line = place.querySelector(":scope > .typed-state");
  const textContent = said.find(Boolean) || "";
  if ((line?.textContent ?? "") === textContent) return;
  line ||= place.appendChild(document.createElement("div"));
  Object.assign(line, { className: "typed-state", textContent });
}

function scan() {
  if (mode === "away") document.querySelector(`${ERROR} [aria-label="Close"]`)?.click();
  for (const box of document.querySelectorAll(`${BOXES}, ${CHOICES}`)) {
    // A page that is away closes its boxes: typing goes on.
    if (mode === "up") factsOf(box).isClosed = box.disabled;
    else if (box.matches(BOXES) && !factsOf(box).isClosed) box.disabled = false;
    if (!isKept(box)) continue;
    if (mode === "up" && isChoice(box)) look(box);
    if (mode === "up" && isAtRest() && box.ariaExpanded !== "true") restore(box);
    tell(box);
  }
  const now = JSON.stringify(typed);
  if (now !== kept) storage("sessionStorage", typed);
  kept = now;
}

function banner(said) {
  let line = document.getElementById("keeper-banner");
  line ||= document.body.appendChild(document.createElement("div"));
  Object.assign(line, { id: "keeper-banner", role: "alert", hidden: !said, textContent: said });
}

function watch() {
  // Panels, menus and popovers lie outside of the app: the theme that was chosen holds there too.
  document.documentElement.style.colorScheme = getComputedStyle(APP).colorScheme;
  if (!isUp()) {
    banner(AWAY);
    if (mode === "up") broken = pressed?.innerText.trim() || "";
    mode = "away";
    scan();
  } else if (mode === "away") {
    // A server that was restarted knows no widget: only after this run is a press one.
    banner("Connected again: one moment.");
    [mode, ran] = ["back", false];
    for (const one of Object.values(typed)) one.asked = null;
    rerun();
  } else if (mode === "back") {
    ran ||= !isAtRest();
    if (ran && isAtRest()) comeUp();
  }
  if (mode === "up" && isAtRest()) pressed = null;
}

function comeUp() {
  mode = "up";
  banner(broken && `Check whether “${broken}” was done: the connection broke meanwhile.`);
  if (broken) setTimeout(banner, 15000, "");
  broken = "";
  if (held?.isConnected) setTimeout(() => held.click(), 300);
  else if (held) banner("Connected again: please press that once more.");
}

function onClick(event) {
  if (!event.isTrusted || event.target.closest(BOXES)) return;
  const control = event.target.closest(CONTROLS) && event.target.closest("button, [role]");
  press(event, control, event.detail > 1);
}

// A tab opens before it is clicked, and would stand open and empty.
function onPointer(event) {
  if (mode !== "up" && !event.target.closest(BOXES)) event.stopImmediatePropagation();
}

// Enter in a box presses the button of its form.
function onKey(event) {
  const box = event.target;
  if (event.key !== "Enter" || !event.isTrusted || !box.matches?.(BOXES)) return;
  if (box.matches("textarea") && !event.ctrlKey && !event.metaKey) return;
  const form = box.closest('[data-testid="stForm"]');
  press(event, form?.querySelector(`${SUBMIT} button`), event.repeat);
}

// Lets the first press of a control through; one that comes before the page is up waits.
function press(event, control, isSecond) {
  if (mode !== "up" || (control && (isSecond || control === pressed))) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (mode === "back") held = control || event.target;
  } else if (control) {
    [pressed, held] = [control, null];
    setTimeout(() => mode === "up" && isAtRest() && (pressed = null), 400);
  }
}

document.addEventListener("click", onClick, true);
document.addEventListener("pointerdown", onPointer, true);
document.addEventListener("keydown", onKey, true);
document.addEventListener("focusin", onFocus, true);
document.addEventListener("focusout", onFocus, true);
document.addEventListener("input", onInput);
addEventListener("pagehide", () => {
  storage("sessionStorage", typed);
  storage("localStorage", { ...storage("localStorage"), ...typed });
});
setInterval(scan, 200);
new MutationObserver(watch).observe(APP, { attributes: true });

// In another site's frame no cookie tells this browser from others.
function ownKey() {
  const random = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    return (localStorage.browser ||= hex);
  } catch {
    return ""; // closed: votes without a name are refused
  }
}

export default function (component) {
  page = component.data;
  if (page.asks && ownKey()) component.setStateValue("browser", ownKey());
  rerun = () => component.setTriggerValue("back", Date.now());
  for (const [name, round] of Object.entries(page.rounds)) {
    const isPast = ([id, { key }]) =>
      id.startsWith(`${page.scope}|${name}_0_`) && !key.startsWith(`${name}_${round}_`);
    for (const [id] of Object.entries(typed).filter(isPast)) delete typed[id];
  }
  watch();
}
