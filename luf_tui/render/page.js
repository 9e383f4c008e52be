"use strict";
const run = JSON.parse(document.getElementById("run").textContent);
const byId = (name) => document.getElementById(name);
const rows = byId("screen").children;
const last = run.first + run.told.length - 1;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const speeds = [1, 2, 4, 8, 15, 30];

// Every screen as the numbers of its rows: a step says only which rows it changed.
const screens = [run.start];
for (const changed of run.changed) {
  const next = screens[screens.length - 1].slice();
  for (let at = 0; at < changed.length; at += 2) next[changed[at]] = changed[at + 1];
  screens.push(next);
}

let here = run.here;
let shown = [];
let chosen = "";
let speed = 2;
let clock = 0;
const jumps = [];

function show(step) {
  here = Math.min(Math.max(step, run.first), last);
  const now = screens[here - run.first];
  now.forEach((row, at) => {
    if (row !== shown[at]) rows[at].innerHTML = run.rows[row].map((one) => run.pieces[one]).join("");
  });
  shown = now;
  light();
  const [line, text] = run.told[here - run.first];
  const at = "step " + here + "/" + run.steps;
  byId("said").value = line ? at + ", line " + line : at;
  byId("spoken").textContent = byId("said").value + ". " + run.texts[text];
  byId("place").value = here;
  byId("place").setAttribute("aria-valuetext", byId("said").value);
  if (!byId("why").hidden) answer();
  if (location.hash !== "#" + here) history.replaceState(null, "", "#" + here);
}

function jump(step) {
  if (step === undefined || step === here) return;
  jumps.push(here);
  show(step);
}

function light() {
  for (const one of document.querySelectorAll(".lit")) one.classList.remove("lit");
  if (!chosen) return;
  for (const one of document.querySelectorAll('[data-is="' + chosen + '"]')) one.classList.add("lit");
}

function link(number) {
  const [step, text] = run.links[number];
  const inside = step >= run.first && step <= last;
  const item = document.createElement("li");
  const made = document.createElement(inside ? "button" : "span");
  const place = document.createElement("small");
  place.textContent = step < 0 ? "–" : step;
  made.append(place, run.texts[text]);
  if (inside) made.addEventListener("click", () => jump(step));
  item.append(made);
  return item;
}

function answer() {
  byId("because").replaceChildren(...run.why[here - run.first].map(link));
  byId("question").textContent = "Why step " + here;
}

function ask(open) {
  byId("why").hidden = !open;
  document.body.classList.toggle("asking", open);
  byId("ask").setAttribute("aria-expanded", open);
  if (open) answer();
}

function play(on) {
  clearInterval(clock);
  clock = on ? setInterval(tick, 1000 / Math.min(speeds[speed], calm.matches ? 1 : Infinity)) : 0;
  byId("spoken").setAttribute("aria-live", on ? "off" : "polite");
  byId("play").setAttribute("aria-pressed", on);
}

function tick() {
  if (here === last) play(false);
  else show(here + 1);
}

function faster(by) {
  speed = Math.min(Math.max(speed + by, 0), speeds.length - 1);
  if (clock) play(true);
}

function theme() {
  const box = byId("theme");
  box.selectedIndex = (box.selectedIndex + 1) % box.options.length;
  dress();
}

function dress() {
  document.documentElement.dataset.theme = byId("theme").value;
}

function place(word) {
  const found = /^\s*([+-]?)([lL]?)(\d+)\s*$/.exec(word);
  if (!found) return undefined;
  const number = Number(found[3]);
  if (found[2]) return run.lines[number];
  return found[1] === "+" ? here + number : found[1] === "-" ? here - number : number;
}

function letGo() {
  chosen = "";
  light();
  ask(false);
}

const after = (places) => places.find((step) => step > here);
const before = (places) => places.findLast((step) => step < here);
const actions = {
  "forward": () => show(here + 1),
  "back": () => show(here - 1),
  "forward-ten": () => show(here + 10),
  "back-ten": () => show(here - 10),
  "next-event": () => show(after(run.events) ?? here),
  "previous-event": () => show(before(run.events) ?? here),
  "next-line": () => show(after(run.items) ?? here),
  "previous-line": () => show(before(run.items) ?? run.first),
  "next-match": () => jump(after(run.telling)),
  "previous-match": () => jump(before(run.telling)),
  "next-finding": () => jump(after(run.findings)),
  "previous-finding": () => jump(before(run.findings)),
  "start": () => jump(run.first),
  "end": () => jump(last),
  "jump-back": () => { if (jumps.length) show(jumps.pop()); },
  "goto": () => { byId("goto").focus(); byId("goto").select(); },
  "play": () => play(!clock),
  "faster": () => faster(1),
  "slower": () => faster(-1),
  "why": () => ask(byId("why").hidden),
  "unselect": letGo,
  "theme": theme,
  "help": () => byId("help").showModal(),
};
const walks = new Set(["play", "faster", "slower", "why", "theme", "help"]);

function act(name) {
  if (clock && !walks.has(name)) play(false);
  actions[name]();
}

document.addEventListener("keydown", (event) => {
  const name = run.keys[(event.shiftKey && event.key.startsWith("Arrow") ? "Shift+" : "") + event.key];
  if (!name || event.ctrlKey || event.altKey || event.metaKey || byId("help").open) return;
  const inside = event.target.closest("select, input[type=text], button, summary");
  const own = inside && (inside.matches("button, summary") ? [" ", "Enter"].includes(event.key) : true);
  if (own) return;
  event.preventDefault();
  act(name);
});
for (const button of document.querySelectorAll("nav button")) {
  button.addEventListener("click", () => act(button.dataset.does));
}
byId("place").addEventListener("input", () => show(Number(byId("place").value)));
byId("goto").addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    const step = place(event.target.value);
    event.target.setAttribute("aria-invalid", step === undefined);
    if (step !== undefined) jump(step);
  }
  if (event.key === "Enter" || event.key === "Escape") byId("screen").focus();
});
byId("screen").addEventListener("click", (event) => {
  const mark = event.target.closest("[data-to], [data-is], [data-does]");
  if (!mark) return;
  if (mark.dataset.does) return act(mark.dataset.does);
  play(false);
  if (mark.dataset.to !== undefined) {
    jump(Number(mark.dataset.to));
  } else {
    chosen = chosen === mark.dataset.is ? "" : mark.dataset.is;
    light();
  }
});
byId("theme").addEventListener("change", dress);
for (const item of document.querySelectorAll("#found [data-step]")) {
  item.addEventListener("click", () => { jump(Number(item.dataset.step)); ask(true); });
}
function linked() {
  const step = /^#\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : run.here;
  show(step);
}
window.addEventListener("hashchange", linked);
linked();
