/** Totals per name scope, and the tree of them that narrows the table on click. */
import { button, element } from "../page/dom";
import { formatBytes, formatCount, formatShare, visibleName } from "../page/format";
import type { Badge, BadgeName } from "./badges";
import type { VariableIndex } from "./variable_index";

export interface Scope {
  readonly name: string;
  /** The part after the last "/". */
  readonly label: string;
  readonly children: Scope[];
  variables: number;
  elements: number;
  bytes: number;
}

/** Sum the rows into their scopes; a variable directly under the root is in no scope but the root. */
export function scopeTotals(index: VariableIndex, rows: Iterable<number>): Scope {
  const root: Scope = { name: "", label: "", children: [], variables: 0, elements: 0, bytes: 0 };
  const scopes = new Map<string, Scope>([["", root]]);
  for (const row of rows) {
    const name = index.names[row] ?? "";
    add(root, index, row);
    for (let end = name.indexOf("/"); end > 0; end = name.indexOf("/", end + 1))
      add(scopeOf(scopes, name.slice(0, end)), index, row);
  }
  return root;
}

function add(scope: Scope, index: VariableIndex, row: number): void {
  scope.variables += 1;
  scope.elements += index.elements[row] ?? 0;
  scope.bytes += Math.max(index.bytes[row] ?? 0, 0);
}

function scopeOf(scopes: Map<string, Scope>, name: string): Scope {
  const known = scopes.get(name);
  if (known) return known;
  const cut = name.lastIndexOf("/");
  const parent = scopes.get(name.slice(0, Math.max(cut, 0))) as Scope;
  const scope: Scope = {
    name,
    label: name.slice(cut + 1),
    children: [],
    variables: 0,
    elements: 0,
    bytes: 0,
  };
  parent.children.push(scope);
  scopes.set(name, scope);
  return scope;
}

/** Scope → how many of its variables have each badge; "" is everything. */
export type ScopeBadges = ReadonlyMap<string, ReadonlyMap<BadgeName, number>>;

/** Sum the badges of the rows into their scopes. */
export function scopeBadges(index: VariableIndex, badges: (row: number) => readonly Badge[]): ScopeBadges {
  const sums = new Map<string, Map<BadgeName, number>>();
  const count = (scope: string, name: BadgeName) => {
    const known = sums.get(scope) ?? new Map<BadgeName, number>();
    sums.set(scope, known.set(name, (known.get(name) ?? 0) + 1));
  };
  index.names.forEach((name, row) => {
    for (const badge of badges(row)) {
      count("", badge.name);
      for (let end = name.indexOf("/"); end > 0; end = name.indexOf("/", end + 1))
        count(name.slice(0, end), badge.name);
    }
  });
  return sums;
}

/** Scopes of one parent shown at first; the rest on request, so that a scope of thousands stays usable. */
const FIRST_CHILDREN = 100;

export interface ScopeTreeOptions {
  /** The user chose a scope; "" is everything. */
  onChoose(scope: string): void;
}

/** The tree as a widget: arrows move and open, Enter or a click chooses. */
export class ScopeTree {
  readonly root: HTMLElement;
  readonly #options: ScopeTreeOptions;
  readonly #open = new Set<string>([""]);
  #totals: Scope | null = null;
  #chosen = "";
  #badges: ScopeBadges = new Map();

  constructor(options: ScopeTreeOptions) {
    this.#options = options;
    this.root = element("div", { class: "ckpt-scopes", role: "tree", "aria-label": "Name scopes" });
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
  }

  show(totals: Scope, chosen: string): void {
    this.#totals = totals;
    this.#chosen = chosen;
    this.#render();
  }

  /** Mark the scopes in which something is odd. */
  showBadges(badges: ScopeBadges): void {
    this.#badges = badges;
    this.#render();
  }

  /** Mark the scope in force, which may have been set elsewhere. */
  choose(scope: string): void {
    if (scope === this.#chosen) return;
    this.#chosen = scope;
    this.#render();
  }

  #render(focus?: string): void {
    const totals = this.#totals;
    if (!totals) return;
    const held = focus ?? (this.root.contains(this.#focused) ? this.#focused?.dataset.scope : undefined);
    this.root.replaceChildren(this.#item(totals, 1, totals.bytes));
    const items = [...this.root.querySelectorAll<HTMLElement>("[role=treeitem]")];
    const current = items.find((item) => item.dataset.scope === (held ?? this.#chosen)) ?? items[0];
    if (current) current.tabIndex = 0;
    if (held !== undefined) current?.focus();
  }

  #item(scope: Scope, level: number, all: number): HTMLElement {
    const openable = scope.children.length > 0;
    const open = openable && this.#open.has(scope.name);
    const label = scope.name === "" ? "All variables" : visibleName(scope.label);
    const share = all > 0 ? scope.bytes / all : 0;
    const toggle = element(
      "span",
      { class: "ckpt-twisty", "aria-hidden": "true" },
      openable ? (open ? "▾" : "▸") : "",
    );
    toggle.addEventListener("click", (event) => {
      event.stopPropagation();
      this.#toggle(scope);
    });
    const bar = element("span", { class: "ckpt-share", "aria-hidden": "true" });
    bar.style.setProperty("--share", String(share));
    const title = `${visibleName(scope.name) || "everything"}: ${formatCount(scope.variables)} variables, ${formatCount(
      scope.elements,
    )} elements, ${formatBytes(scope.bytes)}, ${formatShare(share)}`;
    const found = [...(this.#badges.get(scope.name) ?? [])];
    const odd = found.map(([badge, count]) => `${formatCount(count)} × ${badge}`).join(", ");
    const most = found.reduce((sum, [, count]) => sum + count, 0);
    const mark = most > 0 ? element("span", { class: "ckpt-scope-badge" }, `⚠ ${formatCount(most)}`) : null;
    const line = element(
      "div",
      {
        class: "ckpt-scope",
        role: "treeitem",
        title: odd ? `${title}\n${odd}` : title,
        tabindex: -1,
        "aria-level": level,
        "aria-selected": scope.name === this.#chosen ? "true" : "false",
        "data-scope": scope.name,
        onclick: () => this.#choose(scope),
      },
      toggle,
      element("span", { class: "ckpt-scope-label" }, element("span", {}, label), mark),
      bar,
      element("span", { class: "ckpt-scope-size" }, formatBytes(scope.bytes)),
    );
    line.style.setProperty("--level", String(level - 1));
    if (openable) line.setAttribute("aria-expanded", String(open));
    const group = element("div", { role: "presentation" }, line);
    if (open) group.append(...this.#children(scope, level, all));
    return group;
  }

  #children(scope: Scope, level: number, all: number): HTMLElement[] {
    const bySize = [...scope.children].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
    const showAll = this.#open.has(`${scope.name}/*`);
    const shown = showAll ? bySize : bySize.slice(0, FIRST_CHILDREN);
    const items = shown.map((child) => this.#item(child, level + 1, all));
    if (shown.length < bySize.length) {
      const more = button(`${formatCount(bySize.length - shown.length)} more…`, () => {
        this.#open.add(`${scope.name}/*`);
        this.#render();
      });
      items.push(element("div", { class: "ckpt-more" }, more));
    }
    return items;
  }

  #choose(scope: Scope): void {
    this.#chosen = scope.name;
    this.#options.onChoose(scope.name);
    this.#render();
  }

  #toggle(scope: Scope): void {
    if (!this.#open.delete(scope.name)) this.#open.add(scope.name);
    this.#render(scope.name);
  }

  get #focused(): HTMLElement | null {
    const active = (this.root.getRootNode() as Document | ShadowRoot).activeElement;
    return active instanceof HTMLElement ? active : null;
  }

  #onKey(event: KeyboardEvent): void {
    const items = [...this.root.querySelectorAll<HTMLElement>("[role=treeitem]")];
    const at = items.indexOf(event.target as HTMLElement);
    const item = items[at];
    if (!item) return;
    const expanded = item.getAttribute("aria-expanded");
    const move: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: items.length - 1,
    };
    if (event.key in move) focusItem(items, move[event.key] as number);
    else if (event.key === "Enter" || event.key === " ") item.click();
    else if (event.key === "ArrowRight" && expanded === "false") clickTwisty(item);
    else if (event.key === "ArrowRight" && expanded === "true") focusItem(items, at + 1);
    else if (event.key === "ArrowLeft" && expanded === "true") clickTwisty(item);
    else if (event.key === "ArrowLeft") focusItem(items, parentOf(items, at));
    else return;
    event.preventDefault();
  }
}

function focusItem(items: readonly HTMLElement[], position: number): void {
  const target = items[position];
  if (!target) return;
  for (const item of items) item.tabIndex = -1;
  target.tabIndex = 0;
  target.focus();
}

function clickTwisty(item: HTMLElement): void {
  item.querySelector<HTMLElement>(".ckpt-twisty")?.click();
}

function parentOf(items: readonly HTMLElement[], at: number): number {
  const level = Number(items[at]?.getAttribute("aria-level"));
  for (let position = at - 1; position >= 0; position--)
    if (Number(items[position]?.getAttribute("aria-level")) < level) return position;
  return at;
}
