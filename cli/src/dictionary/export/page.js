"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

// An element with attributes and children; text is never taken for markup.
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

const vendors = new Map(data.vendors.map((vendor) => [vendor.id, vendor]));
const applications = new Map(data.applications.map((application) => [application.id, application]));
const vendorName = (id) => (id === 0 ? "IETF" : vendors.has(id) ? vendors.get(id).name : "vendor " + id);
const applicationName = (id) => (applications.has(id) ? applications.get(id).name : "application " + id);

// Everything that has a page, by its address.
const entries = [];
const pages = new Map();
const avps = new Map();
function enter(entry) {
  entry.folded = entry.names.map((name) => name.toLowerCase());
  entries.push(entry);
  if (!pages.has(entry.address)) pages.set(entry.address, entry);
}
for (const avp of data.avps) {
  const key = avp.vendor + "/" + avp.code;
  const sorts = ["avps"];
  if (avp.type === "Grouped") sorts.push("groups");
  if (avp.values) sorts.push("enumerations");
  let address = "avp/" + key;
  if (pages.has(address)) address += "/" + avp.dictionary;
  const names = [avp.name];
  if (avp.name.startsWith("3GPP")) names.push("TGPP" + avp.name.slice(4));
  const entry = { address, sorts, names, avp, title: avp.name, code: avp.code, vendor: avp.vendor };
  if (!avps.has(key)) avps.set(key, entry);
  enter(entry);
}
for (const command of data.commands) {
  enter({
    address: "command/" + command.application + "/" + encodeURIComponent(command.name),
    sorts: ["commands"],
    names: [command.name, command.short, command.request.name, command.answer.name,
      command.request.abbreviation, command.answer.abbreviation],
    command, title: command.name, code: command.code,
  });
}
if (data.answer_message) {
  const answer = data.answer_message;
  enter({ address: "answer-message", sorts: ["commands"], names: [answer.name], answer, title: answer.name });
}
const commands = new Map();
for (const entry of entries) if (entry.command && !entry.command.like) commands.set(entry.command.application + "/" + entry.command.name, entry);

// Where each AVP is a member.
const places = new Map();
function place(members, entry, name) {
  for (const member of members || []) {
    const key = member.vendor + "/" + member.code;
    if (!places.has(key)) places.set(key, []);
    places.get(key).push({ entry, name, member });
  }
}
for (const entry of entries) {
  if (entry.avp) place(entry.avp.members, entry, entry.title);
  if (entry.command) {
    place(entry.command.request.members, entry, entry.command.request.name);
    place(entry.command.answer.members, entry, entry.command.answer.name);
  }
  if (entry.answer) place(entry.answer.members, entry, entry.title);
}

// ---- search

const SORTS = [["all", "All"], ["avps", "AVPs"], ["groups", "Groups"], ["enumerations", "Enumerations"], ["commands", "Commands"]];
let sort = "all";

// Smaller is better; nothing is no match.
function rank(entry, words, number) {
  if (number) {
    if (entry.code !== number.code || (number.vendor !== undefined && entry.vendor !== number.vendor)) return undefined;
    return entry.vendor || 0 ? 1 : 0;
  }
  const query = words.join(" ");
  let best;
  for (const name of entry.folded) {
    let found;
    if (name === query) found = 0;
    else if (name.startsWith(query)) found = 1;
    else if (words.every((word) => name.split(/[-_ ]/).some((part) => part.startsWith(word)))) found = 2;
    else if (words.every((word) => name.includes(word))) found = 3;
    if (found !== undefined && (best === undefined || found < best)) best = found;
  }
  if (best === undefined && query.length > 3 && entry.avp && entry.avp.values
      && entry.avp.values.some((value) => value.name.toLowerCase().includes(query))) best = 4;
  return best;
}

function search(text) {
  const query = text.trim().toLowerCase();
  const mine = entries.filter((entry) => sort === "all" || entry.sorts.includes(sort));
  const byName = (a, b) => a.title.localeCompare(b.title, "en");
  if (query === "") return mine.sort(byName);
  const codes = /^(\d+)(?:\/(\d+))?$/.exec(query);
  const number = codes && { code: Number(codes[1]), vendor: codes[2] === undefined ? undefined : Number(codes[2]) };
  const words = query.split(/\s+/);
  const found = [];
  for (const entry of mine) {
    const grade = rank(entry, words, number);
    if (grade !== undefined) found.push({ entry, grade });
  }
  found.sort((a, b) => a.grade - b.grade || a.entry.title.length - b.entry.title.length || byName(a.entry, b.entry));
  return found.map((hit) => hit.entry);
}

const SHOWN = 300;
let results = [];
let selected = -1;

function describe(entry) {
  if (entry.avp) return entry.avp.type + " · " + entry.avp.code + (entry.avp.vendor ? "/" + entry.avp.vendor : "") + " · " + vendorName(entry.avp.vendor);
  if (entry.command) return "command " + entry.command.code + " · " + entry.command.short + "R, " + entry.command.short + "A · " + applicationName(entry.command.application);
  return "in place of every answer with the E flag";
}

function list() {
  results = search($("search").value);
  const shown = results.slice(0, SHOWN);
  $("results").replaceChildren(...shown.map((entry, index) =>
    el("li", { role: "option", id: "r" + index }, el("a", { href: "#" + entry.address, tabindex: "-1" }, entry.title, el("small", {}, describe(entry))))));
  const more = results.length > SHOWN ? ", the first " + SHOWN + " shown" : "";
  $("count").textContent = results.length === 1 ? "1 entry" : results.length + " entries" + more;
  select(-1);
}

function select(index) {
  for (const item of $("results").querySelectorAll("[aria-selected]")) item.removeAttribute("aria-selected");
  selected = index;
  const item = $("r" + index);
  if (item) {
    item.setAttribute("aria-selected", "true");
    item.scrollIntoView({ block: "nearest" });
    $("search").setAttribute("aria-activedescendant", item.id);
  } else $("search").removeAttribute("aria-activedescendant");
}

function mark(entry) {
  select(results.indexOf(entry));
}

// ---- pages

function link(key, name) {
  const entry = avps.get(key);
  return entry ? el("a", { href: "#" + entry.address }, name) : name;
}

function qualifier(member) {
  const usual = member.kind === "optional" ? 0 : 1;
  const { min, max } = member;
  if (max === 1 && min === usual) return "";
  if (max === undefined) return (min === 0 ? "" : min) + "*";
  if (min === 0 && usual === 0) return "*" + max;
  return min + "*" + max;
}

const BRACKETS = { fixed: ["< ", " >"], required: ["{ ", " }"], optional: ["[ ", " ]"] };

function bracketed(member, name) {
  const [open, close] = BRACKETS[member.kind];
  return [open, name, close];
}

function grammar(name, header, members, any) {
  const head = "<" + name + "> ::= ";
  const lines = [head + header];
  const before = (mark) => "\n" + (mark ? mark + " " : "").padStart(head.length);
  for (const member of members || []) {
    lines.push(before(qualifier(member)), ...bracketed(member, link(member.vendor + "/" + member.code, member.avp)));
    if (member.added_by) lines.push("   ; added by " + member.added_by);
  }
  if (any) lines.push(before("*"), "[ AVP ]");
  return el("pre", {}, lines);
}

function rows(pairs) {
  return el("dl", {}, pairs.filter((pair) => pair && pair[1]).map(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]));
}

function memberOf(key) {
  const found = places.get(key) || [];
  if (found.length === 0) return [];
  return [el("h3", {}, "Member of"), el("ul", { class: "places" }, found.map(({ entry, name, member }) =>
    el("li", {}, el("a", { href: "#" + entry.address }, name), " ",
      el("code", {}, (qualifier(member) + " " + bracketed(member, "…").join("")).trim()),
      entry.command ? el("small", {}, " application " + entry.command.application) : null)))];
}

function avpPage({ avp }) {
  const key = avp.vendor + "/" + avp.code;
  const parts = [
    rows([
      ["Code", String(avp.code)],
      ["Vendor", avp.vendor + " (" + vendorName(avp.vendor) + ")"],
      ["Type", avp.type + (avp.closed ? ", closed: other values are refused" : "")],
      ["Flags", "V " + avp.flags.V + ", M " + avp.flags.M + ", P " + avp.flags.P],
      ["Clause", avp.spec], ["Rust", avp.rust], ["Dictionary", avp.dictionary],
      avp.deprecated && ["Deprecated", el("span", { class: "warn" }, avp.deprecated)],
    ]),
  ];
  if (avp.doc) parts.push(el("p", {}, avp.doc));
  if (avp.type === "Grouped") {
    const header = "< AVP Header: " + avp.code + (avp.vendor ? " " + avp.vendor : "") + " >";
    parts.push(el("h3", {}, "Grammar"), grammar(avp.name, header, avp.members, avp.any));
  }
  if (avp.values) {
    parts.push(el("h3", {}, "Values"), el("table", {}, avp.values.map((value) => el("tr", {},
      el("td", {}, String(value.value)), el("td", {}, value.name),
      el("td", {}, [value.spec, value.deprecated && "deprecated: " + value.deprecated, value.added_by && "added by " + value.added_by]
        .filter(Boolean).join("; "))))));
  }
  return [avp.type === "Grouped" ? "Grouped AVP" : "AVP", parts.concat(memberOf(key))];
}

function commandPage({ command }) {
  const standard = command.like && commands.get(command.application + "/" + command.like);
  const half = (word, which, request) => {
    const message = command[which];
    const inherited = standard ? standard.command[which] : undefined;
    const header = "< Diameter Header: " + command.code + (request ? ", REQ" : "") + (command.proxiable ? ", PXY" : "") + " >";
    const members = (inherited ? inherited.members : []).concat(message.members);
    return [el("h3", {}, message.name + (message.abbreviation ? " (" + message.abbreviation + ")" : "")),
      grammar(message.name, header, members, message.any || (inherited && inherited.any))];
  };
  return ["Command", [
    rows([
      ["Code", String(command.code)],
      ["Application", command.application + " (" + applicationName(command.application) + ")"],
      ["Form of", standard ? el("a", { href: "#" + standard.address }, command.like) : command.like],
      ["Clause", command.spec], ["Rust module", command.rust], ["Dictionary", command.dictionary],
    ]),
    command.doc ? el("p", {}, command.doc) : null,
    half("Request", "request", true), half("Answer", "answer", false),
  ].flat(2)];
}

function home() {
  const count = (name) => entries.filter((entry) => entry.sorts.includes(name)).length;
  const specs = data.dictionaries.filter((file) => file.name);
  $("page").replaceChildren(
    el("h2", {}, "Diameter reference"),
    el("p", {}, count("avps") + " AVPs, " + count("groups") + " of them groups and " + count("enumerations") + " with named values; "
      + count("commands") + " commands."),
    el("p", {}, el("kbd", {}, "/"), " to search, ", el("kbd", {}, "↑"), " ", el("kbd", {}, "↓"), " and ", el("kbd", {}, "Enter"),
      " to choose, ", el("kbd", {}, "Esc"), " to search again."),
    el("h3", {}, "Applications"),
    el("table", {}, data.applications.map((one) => el("tr", {}, el("td", {}, String(one.id)), el("td", {}, one.name), el("td", {}, one.type || "")))),
    el("h3", {}, "Vendors"),
    el("table", {}, data.vendors.map((one) => el("tr", {}, el("td", {}, String(one.id)), el("td", {}, one.name)))),
    el("h3", {}, "Dictionaries"),
    el("table", {}, specs.map((one) => el("tr", {}, el("td", {}, one.name), el("td", {}, one.spec || "")))));
}

function show(entry) {
  const [kind, parts] = entry.avp ? avpPage(entry) : entry.command ? commandPage(entry)
    : ["In place of every answer with the E flag", [grammar(entry.title, "< Diameter Header: code, ERR [, PXY] >", entry.answer.members, entry.answer.any)]];
  const back = el("button", { id: "back", type: "button" }, "← Results");
  back.addEventListener("click", () => { document.body.classList.remove("reading"); });
  $("page").replaceChildren(back, el("h2", {}, entry.title), el("p", { class: "kind" }, kind), ...parts.flat(2).filter(Boolean));
  $("page").scrollTop = 0;
  document.title = entry.title + " – Diameter reference";
}

// ---- addresses and keys

function route() {
  const hash = location.hash.slice(1);
  let text;
  try { text = decodeURIComponent(hash); } catch { text = hash; }
  document.body.classList.remove("reading");
  document.title = "Diameter reference";
  if (text.startsWith("search=")) {
    const query = text.slice("search=".length);
    if ($("search").value.trim() !== query) $("search").value = query;
    list();
    if (query !== "" && results.length > 0) { show(results[0]); select(0); } else home();
    return;
  }
  const entry = pages.get(hash) || pages.get(text);
  if (!entry) { home(); if (hash === "") { $("search").value = ""; list(); } return; }
  if (results.length === 0) list();
  mark(entry);
  show(entry);
  document.body.classList.add("reading");
}

let waiting;
$("search").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    history.replaceState(null, "", "#search=" + encodeURIComponent($("search").value.trim()));
    route();
  }, 60);
});
document.addEventListener("keydown", (event) => {
  const typing = document.activeElement === $("search");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !typing) { event.preventDefault(); $("search").focus(); $("search").select(); }
  else if (event.key === "Escape") {
    document.body.classList.remove("reading");
    $("search").focus();
    $("search").select();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && typing) {
    event.preventDefault();
    const last = Math.min(results.length, SHOWN) - 1;
    select(Math.max(0, Math.min(last, selected + (event.key === "ArrowDown" ? 1 : -1))));
    if (results[selected]) show(results[selected]);
  } else if (event.key === "Enter" && typing) {
    const entry = results[Math.max(0, selected)];
    if (entry) { location.hash = entry.address; $("page").focus(); }
  }
});
for (const [name, label] of SORTS) {
  const button = el("button", { type: "button", "aria-pressed": String(name === sort) }, label);
  button.addEventListener("click", () => {
    sort = name;
    for (const other of $("sorts").children) other.setAttribute("aria-pressed", String(other === button));
    document.body.classList.remove("reading");
    list();
  });
  $("sorts").append(button);
}
$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
addEventListener("hashchange", route);
list();
route();
