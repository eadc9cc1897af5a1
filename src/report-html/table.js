/* table: rows that sort and filter. Only those in view are in the document, so that ten thousand
 * are as quick as ten. On paper there are more of them, but not without end. */
const ROW_HEIGHT = 36;
const SPARE_ROWS = 12;
const PAPER_ROWS = 1000;

/* @columns: {title, value(row) to sort by, show(row) -> string or element, width, narrow
 * (the width on a phone), right, wide (not on a phone), dot (there it has no words)}.
 * @filters: {title, choices: [[label, test(row)]...]}. @search(row) -> lower-case text. */
class Table {
  constructor(place, rows, {columns, filters, search, what, sorted, descending}) {
    Object.assign(this, {rows, columns, filters, search, what, sorted, descending});
    this.body = make("tbody");
    this.count = make("span", {className: "count", role: "status"});
    this.table = make("table", {}, this.head(), this.body);
    this.scroll = make("div", {className: "scroll", tabIndex: 0}, this.table);
    this.scroll.setAttribute("role", "region");
    this.scroll.setAttribute("aria-label", what + " table");
    this.scroll.addEventListener("scroll", () => this.draw(), {passive: true});
    place.append(this.tools(), this.scroll);
    addEventListener("beforeprint", () => this.draw(true));
    addEventListener("afterprint", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.scroll);
    this.refresh();
  }

  head() {
    this.heads = this.columns.map((column, index) => {
      const button = make("button", {type: "button", title: column.title},
        make("span", {}, column.title));
      button.addEventListener("click", () => this.sortBy(index));
      const head = make("th", {className: this.classOf(column), scope: "col"}, button);
      for (const kind of ["width", "narrow"].filter(name => column[name]))
        head.style.setProperty("--" + kind, column[kind]);
      return head;
    });
    return make("thead", {}, make("tr", {}, ...this.heads));
  }

  classOf(column) {
    return [column.right ? "right" : "", column.wide ? "wide" : "", column.dot ? "dot-only" : ""]
      .join(" ").trim();
  }

  tools() {
    this.input = make("input", {type: "search", placeholder: "Filter " + this.what, spellcheck: false});
    this.input.setAttribute("aria-label", "Filter " + this.what);
    this.input.addEventListener("input", () => this.refresh());
    this.selects = this.filters.map(filter => {
      const select = make("select", {}, ...filter.choices.map(([label], index) =>
        make("option", {value: index}, label)));
      select.setAttribute("aria-label", filter.title);
      select.addEventListener("change", () => this.refresh());
      return select;
    });
    return make("div", {className: "tools"}, this.input, ...this.selects, this.count);
  }

  sortBy(index) {
    this.descending = this.sorted === index ? !this.descending : Boolean(this.columns[index].right);
    this.sorted = index;
    this.refresh();
  }

  refresh() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const tests = this.selects.map((select, index) =>
      this.filters[index].choices[select.value][1]);
    this.shown = this.rows.filter(row => tests.every(test => test(row))
      && words.every(word => this.search(row).includes(word)));
    const {value} = this.columns[this.sorted];
    const way = this.descending ? -1 : 1;
    const compare = (a, b) => a < b ? -way : a > b ? way : 0;
    this.shown.sort((a, b) => compare(value(a), value(b)));
    this.heads.forEach((head, index) => {
      if (index === this.sorted)
        head.setAttribute("aria-sort", this.descending ? "descending" : "ascending");
      else
        head.removeAttribute("aria-sort");
    });
    this.table.setAttribute("aria-rowcount", this.shown.length + 1);
    this.count.textContent = this.shown.length === this.rows.length ? number(this.rows.length)
      : number(this.shown.length) + " of " + number(this.rows.length);
    this.scroll.scrollTop = 0;
    this.draw();
  }

  draw(onPaper = false) {
    const first = onPaper ? 0
      : Math.max(0, Math.floor(this.scroll.scrollTop / ROW_HEIGHT) - SPARE_ROWS);
    const room = onPaper ? PAPER_ROWS
      : Math.ceil(this.scroll.clientHeight / ROW_HEIGHT) + 2 * SPARE_ROWS;
    const last = Math.min(this.shown.length, first + room);
    const rows = this.shown.slice(first, last).map((row, index) => this.row(row, first + index));
    if (!onPaper)
      rows.unshift(this.spacer(first * ROW_HEIGHT));
    if (this.shown.length === 0)
      rows.push(this.message("Nothing here"));
    else if (onPaper && last < this.shown.length)
      rows.push(this.message("and " + number(this.shown.length - last) + " more"));
    else if (!onPaper)
      rows.push(this.spacer((this.shown.length - last) * ROW_HEIGHT));
    this.body.replaceChildren(...rows);
  }

  row(row, index) {
    const cells = this.columns.map(column => {
      const shown = column.show(row);
      const className = this.classOf(column);
      if (typeof shown !== "string" || column.right)
        return make("td", {className}, shown);
      return make("td", {className: className + " text", title: shown}, make("span", {}, shown));
    });
    const element = make("tr", {}, ...cells);
    element.setAttribute("aria-rowindex", index + 2);
    return element;
  }

  spacer(height) {
    const cell = make("td", {className: "spacer"});
    cell.style.height = height + "px";
    return make("tr", {ariaHidden: "true"}, cell);
  }

  /* Across the columns that are there: one more would take room. */
  message(text) {
    const colSpan = this.heads.filter(head => head.offsetWidth > 0).length || 1;
    return make("tr", {}, make("td", {className: "empty", colSpan}, text));
  }
}
