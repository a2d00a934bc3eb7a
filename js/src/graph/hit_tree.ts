/** What a search has found as a tree of scopes: a scope with one thing in it is one line with that. */
import type { Hit } from "./graph_model";

/** A line of the list: a scope with how many hits are in it, or a hit. */
export interface HitRow {
  readonly label: string;
  readonly depth: number;
  /** Hits inside, itself not counted. */
  readonly count: number;
  readonly hit: Hit | null;
}

interface Place {
  readonly parts: Map<string, Place>;
  hit: Hit | null;
}

/** The lines in the order of the hits: what is found first stands first. */
export function hitTree(hits: readonly Hit[]): HitRow[] {
  const root: Place = { parts: new Map(), hit: null };
  for (const hit of hits) {
    let place = root;
    for (const part of hit.name.split("/")) {
      const next = place.parts.get(part) ?? { parts: new Map(), hit: null };
      place.parts.set(part, next);
      place = next;
    }
    place.hit = hit;
  }
  return [...rows(root, 0)];
}

function* rows(scope: Place, depth: number): Iterable<HitRow> {
  for (const [part, first] of scope.parts) {
    let [label, place] = [part, first];
    for (let only = onlyPart(place); only; only = onlyPart(place))
      [label, place] = [`${label}/${only[0]}`, only[1]];
    yield { label, depth, count: counted(place) - Number(place.hit !== null), hit: place.hit };
    yield* rows(place, depth + 1);
  }
}

/** The part of a scope that is no hit itself and has no other. */
function onlyPart({ hit, parts }: Place): [string, Place] | null {
  return hit === null && parts.size === 1 ? ([...parts][0] ?? null) : null;
}

function counted({ hit, parts }: Place): number {
  return [...parts.values()].reduce((sum, part) => sum + counted(part), Number(hit !== null));
}
