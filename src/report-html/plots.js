/* plots: drawn as SVG in the size that there is, and again when that changes. */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes))
    element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/* Calls @draw(width) -> svg, now and whenever the place has another width. */
function plot(place, label, height, draw) {
  let width = 0;
  new ResizeObserver(() => {
    const now = Math.floor(place.clientWidth);
    if (now === width || now === 0)
      return;
    width = now;
    const drawn = svg("svg", {viewBox: `0 0 ${width} ${height}`, height, role: "img",
      "aria-label": label});
    draw(drawn, width, height);
    place.replaceChildren(drawn);
  }).observe(place);
}

/* Round steps that reach @most: 1, 2 or 5 times a power of ten. */
function steps(most, wanted) {
  const rough = most / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(times => times * power).find(value => value >= rough * 0.999);
  const all = [];
  for (let value = 0; value < most + step * 0.999; value += step)
    all.push(value);
  return all;
}

/* Round times between @start and @end, in the reader's own zone, @most of them. */
function moments(start, end, most) {
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
    86400].find(value => (end - start) / value <= most) || 172800;
  const zone = new Date(start * 1000).getTimezoneOffset() * 60;
  const all = [];
  for (let at = Math.ceil((start - zone) / step) * step + zone; at <= end; at += step)
    all.push(at);
  return all;
}

function text(x, y, words, anchor) {
  return svg("text", {x, y, "text-anchor": anchor || "start"}, words);
}

function drawGrid(drawn, area, values, top, show) {
  for (const value of values) {
    const y = area.bottom - value / top * (area.bottom - area.top);
    drawn.append(svg("line", {class: "grid", x1: area.left, x2: area.right, y1: y, y2: y}),
      text(area.left - 8, y + 4, show(value), "end"));
  }
}

/* How fast mail went over, from start to end. */
function plotRates(place, {start, end, bytes, messages}) {
  plot(place, "Bytes a second over the run", 230, (drawn, width, height) => {
    const area = {left: 78, right: width - 6, top: 8, bottom: height - 26};
    const marks = steps(Math.max(...bytes), 4), top = marks[marks.length - 1];
    const slot = (area.right - area.left) / bytes.length;
    const x = index => area.left + (index + 0.5) * slot;
    const y = value => area.bottom - value / top * (area.bottom - area.top);
    drawGrid(drawn, area, marks, top, value => size(value) + "/s");
    const points = bytes.map((value, index) => x(index).toFixed(1) + "," + y(value).toFixed(1));
    drawn.append(
      svg("path", {class: "area",
        d: `M${x(0)},${area.bottom}L${points.join("L")}L${x(bytes.length - 1)},${area.bottom}Z`}),
      svg("path", {class: "line", d: "M" + points.join("L")}));
    const at = part => start + (end - start) * part;
    for (const moment of moments(start, end, Math.max(2, Math.floor(width / 110)))) {
      const left = area.left + (moment - start) / (end - start) * (area.right - area.left);
      drawn.append(svg("line", {class: "grid", x1: left, x2: left, y1: area.bottom,
        y2: area.bottom + 5}));
      if (left > area.left + 16 && left < area.right - 22)
        drawn.append(text(left, height - 6,
          end - start < 300 ? clock(moment) : clock(moment).slice(0, 5), "middle"));
    }
    const cross = svg("line", {class: "cross", y1: area.top, y2: area.bottom, visibility: "hidden"});
    const spot = svg("circle", {class: "spot", r: 5, visibility: "hidden"});
    const hit = svg("rect", {class: "hit", x: area.left, y: area.top,
      width: area.right - area.left, height: area.bottom - area.top});
    hit.addEventListener("pointermove", event => {
      const inside = event.clientX - drawn.getBoundingClientRect().left - area.left;
      const index = Math.max(0, Math.min(bytes.length - 1, Math.floor(inside / slot)));
      for (const [name, value] of [["x1", x(index)], ["x2", x(index)], ["visibility", "visible"]])
        cross.setAttribute(name, value);
      for (const [name, value] of
        [["cx", x(index)], ["cy", y(bytes[index])], ["visibility", "visible"]])
        spot.setAttribute(name, value);
      showTip(event, clock(at((index + 0.5) / bytes.length)) + "\n" + size(bytes[index]) + "/s\n"
        + count(Math.round(messages[index]), "message") + "/s");
    });
    hit.addEventListener("pointerleave", () => {
      cross.setAttribute("visibility", "hidden");
      spot.setAttribute("visibility", "hidden");
      hideTip();
    });
    drawn.append(cross, spot, hit);
  });
}

/* A column a slot of sizes. */
function plotSizes(place, starts, counts, thing) {
  const used = counts.map((value, index) => value > 0 ? index : -1).filter(index => index >= 0);
  if (used.length === 0) {
    place.append(make("p", {className: "note"}, "None yet"));
    return;
  }
  const first = Math.max(0, used[0]), last = used[used.length - 1];
  plot(place, thing + "s by size", 220, (drawn, width, height) => {
    const area = {left: 58, right: width - 4, top: 20, bottom: height - 26};
    const marks = steps(Math.max(...counts), 4).filter(Number.isInteger);
    const top = marks[marks.length - 1];
    const slot = (area.right - area.left) / (last - first + 1);
    const every = Math.ceil(58 / slot);
    drawGrid(drawn, area, marks, top, number);
    for (let index = first; index <= last; index++) {
      const left = area.left + (index - first) * slot;
      const tall = counts[index] / top * (area.bottom - area.top);
      const gap = Math.min(6, slot * 0.14);
      const hit = svg("rect", {class: "hit", x: left, y: area.top, width: slot,
        height: area.bottom - area.top});
      const upper = index + 1 < starts.length ? " to " + binarySize(starts[index + 1]) : " and more";
      const words = binarySize(starts[index]) + upper + "\n" + count(counts[index], thing);
      hit.addEventListener("pointermove", event => showTip(event, words));
      hit.addEventListener("pointerleave", hideTip);
      const column = svg("rect", {class: "column", x: left + gap / 2, y: area.bottom - tall,
        width: Math.min(slot - gap, 64), height: tall, rx: Math.min(3, tall / 2)});
      column.setAttribute("pointer-events", "none");
      column.setAttribute("x", left + (slot - Math.min(slot - gap, 64)) / 2);
      drawn.append(hit, column);
      if ((index - first) % every === 0)
        drawn.append(text(left + slot / 2, height - 6,
          index === 0 ? "< " + binarySize(starts[1]) : binarySize(starts[index]), "middle"));
    }
  });
}

/* Names with bars, the longest first. */
function plotRanks(place, rows, value, show, open) {
  const most = Math.max(1, ...rows.map(value));
  for (const row of rows) {
    const fill = make("span");
    fill.style.width = 100 * value(row) / most + "%";
    const [figure, rest] = show(row);
    place.append(make("div", {className: "rank"}, open(row),
      make("span", {className: "what"}, figure, make("span", {}, rest)),
      make("div", {className: "track"}, fill)));
  }
}
