import { keyOf, parseStorageKey, type StorageKey, type StoredName } from '../../model/ids.ts';

/**
 *   <prefix>/<2>/<26 characters>     bytes, below the last two characters of their name
 *   <prefix>/store-id                names the database that the bytes belong to
 *
 * Names are built from storage keys only, and those only by Berth itself: nothing a client sends becomes part of a name.
 */
export class Layout {
  /** What every name begins with: nothing, or the prefix and a slash. */
  readonly root: string;

  constructor(prefix: string) {
    const trimmed = prefix.replace(/^\/+|\/+$/g, '');
    this.root = trimmed === '' ? '' : `${trimmed}/`;
  }

  get storeId(): string {
    return `${this.root}store-id`;
  }

  object(key: StorageKey): string {
    return `${this.root}${key.slice(-2)}/${key}`;
  }

  /** The key of an object in the place where Berth puts it. */
  parse(object: string): StorageKey | undefined {
    const name = object.slice(this.root.length);
    const key = parseStorageKey(name.slice(3));
    return key !== undefined && object === this.object(key) ? key : undefined;
  }

  /** The name as an operator sees it, without what every name begins with. */
  shorten(object: string): string {
    return object.slice(this.root.length);
  }
}

/** Parts of an object that is not finished, and the name that the store gave to their gathering. */
export interface Gathering {
  readonly key: StorageKey;
  readonly id: string;
}

export function nameOf({ key, id }: Gathering): StoredName {
  return `${key}!${id}` as StoredName;
}

/** The gathering that has this name, unless it names an object. */
export function gatheringOf(name: StoredName): Gathering | undefined {
  const key = keyOf(name);
  return key === name ? undefined : { key, id: name.slice(key.length + 1) };
}
