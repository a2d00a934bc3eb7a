/** Narrow a value at the border of the program: what a kernel sent, what the page holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
