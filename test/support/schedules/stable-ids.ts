import type { Ids, StorageKey } from '../../../src/model/ids.ts';

/** Names that say who asked for them, and are the same whatever the order: runs can be compared. `party` is one digit. */
export function stableIds(party: () => number): Ids {
  const counts = new Map<number, number>();
  const next = () => {
    const who = party();
    const count = (counts.get(who) ?? 0) + 1;
    counts.set(who, count);
    return `${who}${String(count).padStart(3, '0')}`;
  };
  return {
    uuid: () => `00000000-0000-4000-8000-00000000${next()}`,
    storageKey: () => `0000000000000000000run${next()}` as StorageKey,
  };
}
