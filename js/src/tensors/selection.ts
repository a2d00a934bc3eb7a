/** Which rows are chosen: single, ranges and all, as file managers do it. */

export class Selection {
  readonly #rows = new Set<number>();
  /** Where a range starts: the last row chosen without Shift. */
  #anchor = -1;

  get size(): number {
    return this.#rows.size;
  }

  has(row: number): boolean {
    return this.#rows.has(row);
  }

  /** Rows in ascending order. */
  toArray(): number[] {
    return [...this.#rows].sort((a, b) => a - b);
  }

  /** Choose exactly these rows; when they are chosen already, a range still starts where it did. */
  replace(rows: Iterable<number>): void {
    const wanted = new Set(rows);
    if (wanted.size === this.#rows.size && [...wanted].every((row) => this.#rows.has(row))) return;
    this.#rows.clear();
    for (const row of wanted) this.#rows.add(row);
    this.#anchor = -1;
  }

  /** Only this row. */
  only(row: number): void {
    this.replace([row]);
    this.#anchor = row;
  }

  /** Ranges start at this row, chosen or not. */
  startAt(row: number): void {
    this.#anchor = row;
  }

  toggle(row: number): void {
    if (!this.#rows.delete(row)) this.#rows.add(row);
    this.#anchor = row;
  }

  /** Everything from the anchor to `row`, in the order shown. */
  extendTo(row: number, order: ArrayLike<number>): void {
    const positions = Array.prototype.indexOf;
    const from = positions.call(order, this.#anchor);
    const to = positions.call(order, row);
    if (from < 0 || to < 0) {
      this.only(row);
      return;
    }
    const anchor = this.#anchor;
    this.replace(Array.prototype.slice.call(order, Math.min(from, to), Math.max(from, to) + 1) as number[]);
    this.#anchor = anchor;
  }
}
