/** Things that turn out to be the same, and what is known of them. */
export interface Forest {
  /** A new one. */
  make(fixed?: boolean): number;
  /** What stands for all that are the same as this one. */
  find(x: number): number;
  /** Says that two are the same. */
  join(a: number, b: number): void;
  /** Says that one must stay as it is. */
  fix(x: number): void;
  /** Says that the sign of one may not change. */
  keepSign(x: number): void;
  /** Whether it must stay. */
  isFixed(x: number): boolean;
  /** Whether its sign may change. */
  isOdd(x: number): boolean;
}

/** Disjoint sets with path halving. */
export function forest(): Forest {
  const parent: number[] = [], fixed: boolean[] = [], signed: boolean[] = [];
  const find = (x: number) => {
    while (parent[x] !== x) x = parent[x] = parent[parent[x]];
    return x;
  };
  return {
    make(isFixed = false) {
      fixed.push(isFixed);
      signed.push(false);
      return parent.push(parent.length) - 1;
    },
    find,
    join(a, b) {
      const [from, to] = [find(a), find(b)];
      if (from === to) return;
      parent[from] = to;
      fixed[to] ||= fixed[from];
      signed[to] ||= signed[from];
    },
    fix: (x) => void (fixed[find(x)] = true),
    keepSign: (x) => void (signed[find(x)] = true),
    isFixed: (x) => fixed[find(x)],
    isOdd: (x) => !signed[find(x)],
  };
}
