/**
 * All axes of a tensor on one plane: some make its rows and the others its columns, one inside the other.
 *
 * The kernel's half is ckpt_magics/notebook/widgets/tensors/facets.py.
 */

export interface FacetPlane {
  readonly shape: readonly number[];
  /** Axes that make the rows and the columns, outermost first. */
  readonly down: readonly number[];
  readonly across: readonly number[];
  /** The axis in the order of its norms, or null. */
  readonly sorted: number | null;
}

/** Kernels of convolutions up to this height and width are small pictures of their own. */
const MOST_FILTER = 16;

/** Places axes so that neighbours in the tensor are neighbours in the picture, and the picture is about square. */
export function facetsOf(shape: readonly number[]): FacetPlane {
  const rank = shape.length;
  if (isFilterBank(shape)) {
    const [input, output] = [rank - 2, rank - 1];
    const spatial = shape.slice(0, -2).map((_, axis) => axis);
    return { shape, down: [input, ...spatial.slice(0, -1)], across: [output, rank - 3], sorted: null };
  }
  const down = rank > 1 ? [rank - 2] : [0];
  const across = rank > 1 ? [rank - 1] : [];
  for (let axis = rank - 3; axis >= 0; axis--) {
    const side = sizeOf(shape, down) <= sizeOf(shape, across) ? down : across;
    side.unshift(axis);
  }
  return { shape, down, across, sorted: null };
}

/** True for the shape of a convolution's kernel [(depth,) height, width, in, out]. */
function isFilterBank(shape: readonly number[]): boolean {
  const window = shape.slice(0, -2);
  if (shape.length < 4 || shape.length > 5 || Math.min(...shape) < 1) return false;
  return Math.max(...window) <= MOST_FILTER && Math.max(...window) > 1;
}

export function sizeOf(shape: readonly number[], axes: readonly number[]): number {
  return axes.reduce((product, axis) => product * (shape[axis] ?? 1), 1);
}

/** Rows and columns of the plane. */
export function planeShape({ shape, down, across }: FacetPlane): [rows: number, columns: number] {
  return [sizeOf(shape, down), sizeOf(shape, across)];
}

/** Put an axis on the other side, innermost; the last one of a side stays. */
export function turned(plane: FacetPlane, axis: number): FacetPlane {
  const { down, across } = plane;
  const without = (axes: readonly number[]) => axes.filter((other) => other !== axis);
  if (down.includes(axis))
    return down.length > 1 ? { ...plane, down: without(down), across: [...across, axis] } : plane;
  return across.length > 1 ? { ...plane, across: without(across), down: [...down, axis] } : plane;
}

/** Put an axis one place further out on its side; the outermost becomes the innermost. */
export function outward(plane: FacetPlane, axis: number): FacetPlane {
  const move = (axes: readonly number[]) => {
    const place = axes.indexOf(axis);
    if (place < 0) return axes;
    const rest = axes.filter((other) => other !== axis);
    return place === 0 ? [...rest, axis] : [...rest.slice(0, place - 1), axis, ...rest.slice(place - 1)];
  };
  return { ...plane, down: move(plane.down), across: move(plane.across) };
}

/** Indices in the tensor of what is at a row and a column; `order` is that of the sorted axis. */
export function indicesAt(
  plane: FacetPlane,
  order: readonly number[],
  row: number,
  column: number,
): number[] {
  const indices = plane.shape.map(() => 0);
  for (const [axes, place] of [[plane.down, row] as const, [plane.across, column] as const]) {
    let rest = place;
    for (const axis of [...axes].reverse()) {
      const size = plane.shape[axis] ?? 1;
      const index = rest % size;
      indices[axis] = axis === plane.sorted ? (order[index] ?? index) : index;
      rest = Math.floor(rest / size);
    }
  }
  return indices;
}

/** Row and column of an element. */
export function placeOf(
  plane: FacetPlane,
  order: readonly number[],
  indices: readonly number[],
): [row: number, column: number] {
  const flat = (axes: readonly number[]) =>
    axes.reduce((place, axis) => {
      const index = indices[axis] ?? 0;
      return place * (plane.shape[axis] ?? 1) + (axis === plane.sorted ? order.indexOf(index) : index);
    }, 0);
  return [flat(plane.down), flat(plane.across)];
}

/** One level of facets along a side: how many rows or columns of the plane each of its positions takes. */
export interface Level {
  readonly axis: number;
  readonly size: number;
  readonly each: number;
}

/** The levels of a side, outermost first. */
export function levelsOf(plane: FacetPlane, axes: readonly number[]): Level[] {
  return axes.map((axis, place) => ({
    axis,
    size: plane.shape[axis] ?? 1,
    each: sizeOf(plane.shape, axes.slice(place + 1)),
  }));
}
