/** Part of a listing. `next` is the key to go on after; absent on the last page. */
export interface Page<Item, Key> {
  readonly items: readonly Item[];
  readonly next: Key | undefined;
}

/** Makes a page of at most `limit` items from rows of which one more than that was asked for. */
export function pageOf<Item, Key>(rows: readonly Item[], limit: number, keyOf: (item: Item) => Key): Page<Item, Key> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? keyOf(last) : undefined };
}
