/* page: the data of the report put into its places. */
const data = JSON.parse(byId("data").textContent);
const STATES = ["in step", "behind", "not done", "not tried"];
const WEIGHTS = ["note", "repaired", "loss"];

const accounts = data.accounts.map(([user, state, synced, closed, elapsed, mailboxes, messages,
  bytes, losses, repaired, notes, failed, error], index) => ({index, user, state, synced, closed,
  elapsed, mailboxes, messages, bytes, losses, repaired, notes, failed, error,
  search: (user + " " + (error || "")).toLowerCase()}));
const needs = data.needs.map(([kind, account, folder, code, times, detail]) => {
  const words = code === null ? detail : data.codes[code][2];
  const need = {kind, account: accounts[account], folder, times, words,
    detail: code === null ? "" : detail || ""};
  need.search = [need.account.user, folder, words, need.detail].join(" ").toLowerCase();
  return need;
});

function openAccount(account) {
  const dialog = byId("detail");
  const close = make("button", {className: "close", type: "button", ariaLabel: "Close"}, "\u00d7");
  close.addEventListener("click", () => dialog.close());
  const facts = [["State", STATES[account.state] + (account.closed ? ", closed "
    + time(account.closed) : "")],
  ["Last done in full", time(account.synced)], ["Took", duration(account.elapsed)],
  ["Mail", count(account.messages, "message") + " in " + count(account.mailboxes, "mailbox")
    + ", " + size(account.bytes)],
  ["Findings", `${number(account.losses)} lost, ${number(account.repaired)} repaired, `
    + `${number(account.notes)} ` + (account.notes === 1 ? "note" : "notes")]];
  const list = make("dl");
  for (const [name, value] of facts)
    list.append(make("dt", {}, name), make("dd", {}, value));
  const own = needs.filter(need => need.account === account).slice(0, 200).map(need =>
    make("li", {}, (need.folder ? need.folder + ": " : "") + need.words
      + (need.detail ? ": " + need.detail : "")));
  dialog.replaceChildren(close, make("h2", {id: "detail-title"}, account.user), list,
    own.length ? make("h3", {}, "What needs a person") : null || "",
    own.length ? make("ul", {}, ...own) : "");
  dialog.showModal();
}
byId("detail").addEventListener("click", event => {
  if (event.target === event.currentTarget)
    event.currentTarget.close();
});

function accountLink(account) {
  const link = make("button", {className: "link", type: "button", title: account.user},
    account.user);
  link.addEventListener("click", () => openAccount(account));
  return link;
}

function stateCell(row) {
  return make("span", {}, make("span", {className: "dot is-" + row.state}),
    make("span", {className: "wide"}, STATES[row.state] + (row.closed ? ", closed" : "")));
}

const zero = value => value === 0 ? make("span", {className: "soft"}, "0") : number(value);

function showStates() {
  const bar = make("div", {className: "bar", ariaHidden: "true"});
  const keys = make("ul", {className: "keys"});
  data.states.forEach((value, state) => {
    if (value === 0)
      return;
    const part = make("span", {className: "is-" + state});
    part.style.flexGrow = value;
    bar.append(part);
    keys.append(make("li", {}, make("span", {className: "dot is-" + state}),
      make("b", {}, number(value)), " " + STATES[state]));
  });
  if (data.withLoss > 0)
    keys.append(make("li", {}, make("span", {className: "dot is-loss"}),
      make("b", {}, number(data.withLoss)), " with losses"));
  byId("states").append(bar, keys);
}

function showTiles() {
  const {totals} = data;
  const tiles = [[number(totals.accounts), "accounts", totals.closed + " closed"],
    [number(totals.mailboxes), "mailboxes", totals.failedMailboxes + " failed"],
    [number(totals.messages), "messages", ""], [size(totals.bytes), "of mail", ""],
    [number(totals.found[2]), "lost", "of " + number(totals.found[0] + totals.found[1]
      + totals.found[2]) + " findings"]];
  byId("tiles").append(...tiles.map(([figure, what, more]) => make("div", {className: "tile"},
    make("b", {}, figure), make("span", {}, what),
    more ? make("span", {className: "more"}, more) : null)));
}

function showNeeds() {
  if (needs.length === 0) {
    byId("needs").append(make("p", {className: "note"},
      accounts.length ? "Nothing: no account failed, and nothing was lost."
        : "Nothing has been recorded yet."));
    return;
  }
  new Table(byId("needs"), needs, {
    what: "what failed and what was lost", sorted: 0, descending: false, search: need => need.search,
    filters: [{title: "Kind", choices: [["Failed and lost", () => true],
      ["Failed", need => need.kind === 0], ["Lost", need => need.kind === 1]]}],
    columns: [
      {title: "Kind", value: need => need.kind, width: "92px", narrow: "34px",
        dot: true, show: need => make("span", {},
          make("span", {className: "dot " + (need.kind ? "is-loss" : "is-2")}),
          make("span", {className: "wide"}, need.kind ? "lost" : "failed"))},
      {title: "Account", value: need => need.account.user, width: "19%", narrow: "36%",
        show: need => accountLink(need.account)},
      {title: "Folder", value: need => need.folder, width: "17%", show: need => need.folder,
        wide: true},
      {title: "What", value: need => need.words,
        show: need => need.words + (need.detail ? ": " + need.detail : "")},
      {title: "Times", value: need => need.times, width: "84px", right: true, wide: true,
        show: need => need.times ? number(need.times) : ""},
    ]});
  if (data.needsMore > 0)
    byId("needs").append(make("p", {className: "note"}, "and " + number(data.needsMore)
      + " more, in report --format json"));
}

function showRates() {
  if (!data.rates) {
    byId("rate-section").hidden = true;
    return;
  }
  const {start, end, run} = data.rates;
  const [, task, started, , , runAccounts, , messages, bytes] = run;
  byId("rate-text").textContent = `${task}, ${time(started)}: ${count(runAccounts, "account")}, `
    + `${count(messages, "message")}, ${size(bytes)} in ${duration(Math.round((end - start) * 1000))}, `
    + `${size(bytes / (end - start))} a second`;
  plotRates(byId("rate"), data.rates);
}

function showForemost() {
  const first = key => accounts.filter(account => account[key] > 0)
    .sort((a, b) => b[key] - a[key]).slice(0, 10);
  plotRanks(byId("largest"), first("bytes"), account => account.bytes, account =>
    [size(account.bytes), ", " + count(account.messages, "message")], accountLink);
  plotRanks(byId("slowest"), first("elapsed"), account => account.elapsed, account =>
    [duration(account.elapsed), ", " + size(account.bytes)], accountLink);
}

function showAccounts() {
  new Table(byId("accounts"), accounts, {
    what: "accounts", sorted: 0, descending: false, search: account => account.search,
    filters: [{title: "State", choices: [["Every state", () => true],
      ...STATES.slice(0, 3).map((name, state) =>
        [name[0].toUpperCase() + name.slice(1), account => account.state === state]),
      ["With losses", account => account.losses > 0], ["Closed", account => account.closed > 0]]}],
    columns: [
      {title: "Account", value: account => account.user, show: accountLink},
      {title: "State", value: account => -account.state, width: "150px", narrow: "34px",
        dot: true, show: stateCell},
      {title: "Messages", value: account => account.messages, width: "112px", narrow: "100px", right: true,
        show: account => zero(account.messages)},
      {title: "Size", value: account => account.bytes, width: "96px", narrow: "78px", right: true,
        show: account => size(account.bytes)},
      {title: "Mailboxes", value: account => account.mailboxes, width: "108px", right: true,
        show: account => zero(account.mailboxes), wide: true},
      {title: "Took", value: account => account.elapsed, width: "112px", right: true,
        show: account => duration(account.elapsed), wide: true},
      {title: "Lost", value: account => account.losses, width: "80px", right: true,
        show: account => account.losses ? make("b", {className: "lost"}, number(account.losses))
          : zero(0), wide: true},
      {title: "Repaired", value: account => account.repaired, width: "100px", right: true,
        show: account => zero(account.repaired), wide: true},
      {title: "Last in full", value: account => account.synced, width: "156px", right: true,
        show: account => time(account.synced), wide: true},
    ]});
}

function plainTable(place, heads, rows) {
  const classOf = index => heads[index].startsWith("#") ? "right"
    : heads[index] === "What" ? "words" : "";
  const head = make("tr", {}, ...heads.map((title, index) =>
    make("th", {className: classOf(index), scope: "col"}, title.replace("#", ""))));
  const body = rows.map(row => make("tr", {}, ...row.map((value, index) =>
    make("td", {className: classOf(index)}, value))));
  place.append(make("div", {className: "wrap"}, make("table", {className: "plain"},
    make("thead", {}, head), make("tbody", {}, ...body))));
}

function showCodes() {
  byId("codes-section").hidden = data.codes.length === 0;
  plainTable(byId("codes"), ["Weight", "What", "#Times", "#Accounts"],
    data.codes.map(([weight, , words, times, inAccounts]) => [WEIGHTS[weight], words,
      number(times), number(inAccounts)]));
}

function showRuns() {
  plainTable(byId("runs"), ["Begun", "Command", "#Took", "#Accounts", "#Failed", "#Messages",
    "#Size", "#Exit status"],
  data.runs.map(([, task, started, ended, status, tried, failed, messages, bytes]) => [
    time(started), task, ended ? duration((ended - started) * 1000) : "", number(tried),
    number(failed), number(messages), size(bytes),
    status === null ? "not ended" : String(status)]));
}

showStates();
showTiles();
showNeeds();
showRates();
plotSizes(byId("sizes"), data.sizes.starts, data.sizes.accounts, "account");
plotSizes(byId("mailbox-sizes"), data.sizes.starts, data.sizes.mailboxes, "mailbox");
showForemost();
showAccounts();
showCodes();
showRuns();
document.documentElement.dataset.ready = "yes";
