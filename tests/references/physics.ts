import type { PhysicsCase } from "./cases.ts";

/** u, u′ and u″ at a point. */
type Jet = [number, number, number];

/** tanh carried through to the second derivative: (f∘u)′ = f′u′, (f∘u)″ = f″u′² + f′u″. */
function tanh([u, first, second]: Jet): Jet {
  const t = Math.tanh(u), slope = 1 - t * t;
  return [t, slope * first, -2 * t * slope * first * first + slope * second];
}

/** The network and its first two derivatives by its input, in plain float64 loops. */
function jetAt({ tensors }: PhysicsCase, theta: Float64Array, x: number): Jet {
  let offset = 0;
  const take = (name: string) => {
    const size = tensors[name].reduce((a, b) => a * b);
    return theta.subarray(offset, offset += size);
  };
  let row: Jet[] = [[x, 1, 0]];
  for (const depth of [1, 2, 3]) {
    const kernel = take(`w${depth}`), bias = take(`b${depth}`);
    const sums = Array.from(bias, (b, unit) =>
      row.reduce<Jet>((sum, jet, k) => {
        const w = kernel[k * bias.length + unit];
        return [sum[0] + w * jet[0], sum[1] + w * jet[1], sum[2] + w * jet[2]];
      }, [b, 0, 0]));
    row = depth < 3 ? sums.map(tanh) : sums;
  }
  return row[0];
}

/** mean over x of (u″(x) + π² sin πx)² + u(0)² + u(1)² */
export function physicsLoss(physics: PhysicsCase, theta: Float64Array): number {
  const squares = physics.points.map((x) =>
    (jetAt(physics, theta, x)[2] + Math.PI ** 2 * Math.sin(Math.PI * x)) ** 2
  );
  const boundary = jetAt(physics, theta, 0)[0] ** 2 + jetAt(physics, theta, 1)[0] ** 2;
  return squares.reduce((a, b) => a + b) / squares.length + boundary;
}
