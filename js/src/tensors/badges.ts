/** What is wrong, or odd, about a tensor's values, in a word each. */
import { element } from "../page/dom";
import { formatCount } from "../page/format";
import type { Statistics } from "./statistics";

export type BadgeName = "unreadable" | "NaN" | "Inf" | "exploding" | "all zero" | "constant" | "dead rows";

export interface Badge {
  readonly name: BadgeName;
  /** The word with its number. */
  readonly text: string;
}

/** Weights are far below; what is above has mostly run away. */
const EXPLODING = 1e4;

const MEASURED = /^(b?float|double|half|complex)/;

/** Badges as marks; a colour says nothing that the word does not. */
export function badgeMarks(badges: readonly Badge[]): HTMLElement[] {
  return badges.map(({ name, text }) => {
    const tone = MILD.has(name) ? "ckpt-badge mild" : "ckpt-badge";
    return element("span", { class: tone }, text);
  });
}

const MILD: ReadonlySet<BadgeName> = new Set(["all zero", "constant", "dead rows"]);

/** The badges of one tensor, worst first. */
export function badgesOf(statistics: Statistics, elements: number, dtype: string): Badge[] {
  const { min, max, zeros, nans, infs, dead, error } = statistics;
  if (error !== null) return [{ name: "unreadable", text: "unreadable" }];
  const badges: Badge[] = [];
  const add = (name: BadgeName, detail = "") => badges.push({ name, text: `${name}${detail}` });
  if (nans > 0) add("NaN", ` ${formatCount(nans)}`);
  if (infs > 0) add("Inf", ` ${formatCount(infs)}`);
  if (min === null || max === null) return badges;
  const most = Math.max(Math.abs(min), Math.abs(max));
  if (most > EXPLODING && MEASURED.test(dtype)) add("exploding");
  if (elements < 2) return badges;
  if (zeros === elements) add("all zero");
  else if (min === max && nans + infs === 0) add("constant");
  if (dead > 0) add("dead rows", ` ${formatCount(dead)}`);
  return badges;
}
