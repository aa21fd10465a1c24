/** Things in groups, within a number of bytes. The group that was used longest ago goes first. */
export interface Store<T> {
  /** What is kept under a key. */
  get(group: string, key: string): T | undefined;
  /**
   * Keeps a value in a group if there is room, and makes room by dropping groups that are not `inUse`. A group
   * never drops a part of itself: what is used in turns would always be dropped just before it is used.
   */
  put(
    group: string,
    key: string,
    value: T,
    room: { bytes: number; budget: number; inUse: readonly string[] },
  ): boolean;
  /** Drops the groups that match. */
  drop(matches: (group: string) => boolean): void;
  /** Values that are kept. */
  readonly count: number;
  /** Their size. */
  readonly bytes: number;
}

/** An empty store. `released` is told of what is dropped. */
export function store<T>(released: (value: T) => void = () => {}): Store<T> {
  const groups = new Map<string, Map<string, { value: T; bytes: number }>>();
  let count = 0, total = 0;

  const drop = (name: string) => {
    for (const { value, bytes } of groups.get(name)!.values()) {
      count--;
      total -= bytes;
      released(value);
    }
    groups.delete(name);
  };

  return {
    get(group, key) {
      const found = groups.get(group);
      if (!found) return undefined;
      groups.delete(group);
      groups.set(group, found);
      return found.get(key)?.value;
    },
    put(group, key, value, { bytes, budget, inUse }) {
      for (const other of [...groups.keys()]) {
        if (total + bytes <= budget) break;
        if (other !== group && !inUse.includes(other)) drop(other);
      }
      if (total + bytes > budget) return false;
      if (!groups.has(group)) groups.set(group, new Map());
      groups.get(group)!.set(key, { value, bytes });
      count++;
      total += bytes;
      return true;
    },
    drop(matches) {
      for (const name of [...groups.keys()].filter(matches)) drop(name);
    },
    get count() {
      return count;
    },
    get bytes() {
      return total;
    },
  };
}
