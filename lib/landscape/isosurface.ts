/** A surface of triangles. */
export interface Mesh {
  /** x, y, z of each vertex, in indices of the grid. */
  readonly vertices: readonly number[];
  /** Three vertices each. */
  readonly triangles: readonly (readonly [number, number, number])[];
}

// The corners of a cell, as steps along x, y and z, and the six tetrahedra around its diagonal.
const corners = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [
  0,
  1,
  1,
]];
const tetrahedra = [[0, 5, 1, 6], [0, 1, 2, 6], [0, 2, 3, 6], [0, 3, 7, 6], [0, 7, 4, 6], [
  0,
  4,
  5,
  6,
]];

/**
 * Where a function on a grid reaches a level: marching tetrahedra (Doi and Koide, 1991), which unlike
 * marching cubes know no ambiguous case. Cells with a corner that is NaN or ±∞ are left out.
 *
 * @param values row-major, the first axis slowest
 */
export function isosurface(
  values: Float64Array,
  [nx, ny, nz]: readonly number[],
  level: number,
): Mesh {
  const vertices: number[] = [];
  const triangles: [number, number, number][] = [];
  const known = new Map<number, number>();
  const size = nx * ny * nz;
  const crossing = (a: number, b: number): number => {
    const [low, high] = a < b ? [a, b] : [b, a];
    const edge = low * size + high;
    const found = known.get(edge);
    if (found !== undefined) return found;
    const t = (level - values[low]) / (values[high] - values[low]);
    const at = (k: number) => [Math.floor(k / (ny * nz)), Math.floor(k / nz) % ny, k % nz];
    const [p, q] = [at(low), at(high)];
    for (let axis = 0; axis < 3; axis++) vertices.push(p[axis] + t * (q[axis] - p[axis]));
    known.set(edge, vertices.length / 3 - 1);
    return vertices.length / 3 - 1;
  };
  for (let i = 0; i + 1 < nx; i++) {
    for (let j = 0; j + 1 < ny; j++) {
      for (let k = 0; k + 1 < nz; k++) {
        const cell = corners.map(([a, b, c]) => ((i + a) * ny + j + b) * nz + k + c);
        if (!cell.every((c) => Number.isFinite(values[c]))) continue;
        for (const tetrahedron of tetrahedra) {
          const inside: number[] = [];
          const outside: number[] = [];
          for (const t of tetrahedron) (values[cell[t]] < level ? inside : outside).push(cell[t]);
          if (inside.length === 1 || outside.length === 1) {
            const [apex] = inside.length === 1 ? inside : outside;
            const base = inside.length === 1 ? outside : inside;
            triangles.push(base.map((b) => crossing(apex, b)) as [number, number, number]);
          } else if (inside.length === 2) {
            const [a, b] = inside;
            const [c, d] = outside;
            const [ac, ad, bd, bc] = [
              crossing(a, c),
              crossing(a, d),
              crossing(b, d),
              crossing(b, c),
            ];
            triangles.push([ac, ad, bd], [ac, bd, bc]);
          }
        }
      }
    }
  }
  return { vertices, triangles };
}
