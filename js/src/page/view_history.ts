/** Back and forward through the states of a view. */

export class ViewHistory<State> {
  readonly #states: State[];
  #at = 0;

  constructor(first: State) {
    this.#states = [first];
  }

  get current(): State {
    return this.#states[this.#at] as State;
  }

  get canGoBack(): boolean {
    return this.#at > 0;
  }

  get canGoForward(): boolean {
    return this.#at < this.#states.length - 1;
  }

  /** A new state; what was ahead is forgotten. */
  push(state: State): void {
    this.#states.splice(this.#at + 1, Number.POSITIVE_INFINITY, state);
    this.#at += 1;
  }

  /** Move by -1 or +1; returns the state there. */
  move(step: -1 | 1): State {
    this.#at = Math.min(Math.max(this.#at + step, 0), this.#states.length - 1);
    return this.current;
  }
}
