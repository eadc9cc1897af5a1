/* values: making elements, and numbers, sizes and times for people. */
const byId = id => document.getElementById(id);

/* An element with properties and children. Strings become text nodes, never markup. */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(child => child !== null));
  return element;
}

const numbers = new Intl.NumberFormat("en");
const number = value => numbers.format(value);
const count = (value, thing) =>
  number(value) + " " + thing + (value === 1 ? "" : thing.endsWith("x") ? "es" : "s");

function scaled(bytes, base, units) {
  let unit = 0;
  while (bytes >= base && unit < units.length - 1) {
    bytes /= base;
    unit++;
  }
  return bytes.toFixed(unit === 0 || bytes >= 100 || Number.isInteger(bytes) ? 0 : 1)
    + "\u00a0" + units[unit];
}
const size = bytes => scaled(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB"]);
const binarySize = bytes => scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);

const two = value => String(value).padStart(2, "0");

function clock(seconds) {
  const at = new Date(seconds * 1000);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
}

function time(seconds) {
  if (!seconds)
    return "never";
  const at = new Date(seconds * 1000);
  return at.getFullYear() + "-" + two(at.getMonth() + 1) + "-" + two(at.getDate()) + " "
    + clock(seconds).slice(0, 5);
}

function duration(ms) {
  const s = Math.floor(ms / 1000);
  if (ms < 1000)
    return ms + "\u00a0ms";
  if (s < 60)
    return (s < 10 ? (ms / 1000).toFixed(1) : s) + "\u00a0s";
  if (s < 3600)
    return Math.floor(s / 60) + "\u00a0min " + s % 60 + "\u00a0s";
  if (s < 86400)
    return Math.floor(s / 3600) + "\u00a0h " + Math.floor(s % 3600 / 60) + "\u00a0min";
  return Math.floor(s / 86400) + "\u00a0d " + Math.floor(s % 86400 / 3600) + "\u00a0h";
}

function showTip(event, text) {
  const tip = byId("tip");
  tip.textContent = text;
  tip.hidden = false;
  const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  tip.style.left = Math.max(8, left) + "px";
  tip.style.top = Math.max(8, event.clientY - tip.offsetHeight - 12) + "px";
}

function hideTip() {
  byId("tip").hidden = true;
}
