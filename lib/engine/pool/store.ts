/** Things in groups, within a number of bytes. The group that was used longest ago goes first. */
export interface Store<T> {
  /** What is kept under a key. */
  get(group: string, key: string): T | undefined;
  /**
   * Makes room for a value by dropping groups that are not in use, and says whether there is. What is used in
   * turns would always be dropped just before it is used: so what there is no room for is not kept.
   */
  room(room: Room): boolean;
  /** Keeps a value in a group if there is room for it. */
  put(group: string, key: string, value: T, room: Room): boolean;
  /** Drops the groups that match. */
  drop(matches: (group: string) => boolean): void;
  /** Values that are kept. */
  readonly count: number;
  /** Their size. */
  readonly bytes: number;
}

/** What room is needed. */
export interface Room {
  /** The size of the value. */
  bytes: number;
  /** The most bytes that all values may take. */
  budget: number;
  /** Groups that stay. */
  inUse: readonly string[];
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

  const room = ({ bytes, budget, inUse }: Room) => {
    for (const group of [...groups.keys()]) {
      if (total + bytes <= budget) break;
      if (!inUse.includes(group)) drop(group);
    }
    return total + bytes <= budget;
  };

  return {
    get(group, key) {
      const found = groups.get(group);
      if (!found) return undefined;
      groups.delete(group);
      groups.set(group, found);
      return found.get(key)?.value;
    },
    room,
    put(group, key, value, needed) {
      if (groups.get(group)?.has(key)) throw new Error(`${key} is kept already`);
      if (!room(needed)) return false;
      if (!groups.has(group)) groups.set(group, new Map());
      groups.get(group)!.set(key, { value, bytes: needed.bytes });
      count++;
      total += needed.bytes;
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
