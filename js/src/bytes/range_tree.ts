/** Ranges of bytes inside of one another as a list of rows: which are open, and those that have come from the kernel. */

export interface RangeRow {
  readonly offset: number;
  readonly size: number;
  readonly what: string;
  readonly says: string;
  readonly wrong: boolean;
  readonly hasInside: boolean;
}

/** A range that can be open, with what is known of what is inside of it. */
export class RangeNode {
  readonly path: readonly number[];
  /** How many are inside; −1 until they have been asked for. */
  total = -1;
  readonly rows = new Map<number, RangeRow>();
  readonly opened = new Map<number, RangeNode>();
  /** Where pages begin that have been asked for because they came into sight. */
  readonly asked = new Set<number>();

  constructor(path: readonly number[]) {
    this.path = path;
  }

  /** Rows that it takes, its own left out. */
  get height(): number {
    let height = Math.max(this.total, 0);
    for (const node of this.opened.values()) height += node.height;
    return height;
  }

  /** What is in a row of those inside: the node around it, and the position there. */
  at(row: number): { node: RangeNode; index: number } {
    let before = 0;
    for (const [index, node] of [...this.opened].sort(([a], [b]) => a - b)) {
      if (row <= before + index) break;
      const inner = row - before - index - 1;
      if (inner < node.height) return node.at(inner);
      before += node.height;
    }
    return { node: this, index: row - before };
  }

  /** The row in which something inside is shown, given the way to it; −1 where it is folded. */
  rowOf(steps: readonly number[]): number {
    const [index = 0, ...further] = steps;
    let row = index;
    for (const [other, node] of this.opened) if (other < index) row += node.height;
    if (further.length === 0) return row;
    const inner = this.opened.get(index)?.rowOf(further) ?? -1;
    return inner < 0 ? -1 : row + 1 + inner;
  }
}

export function decodeRow(values: unknown): RangeRow {
  const [offset, size, what, says, wrong, hasInside] = Array.isArray(values) ? values : [];
  return {
    offset: Number(offset),
    size: Number(size),
    what: String(what),
    says: String(says),
    wrong: wrong === true,
    hasInside: hasInside === true,
  };
}
