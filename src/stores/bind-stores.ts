import { randomUUID } from 'node:crypto';
import { StartupRefusal } from '../config/startup-refusal.ts';
import type { MetadataStore } from '../metadata/metadata-store.ts';
import { STORE_ID } from '../metadata/secrets.ts';
import type { Names } from './names.ts';

/** What names the registry that bytes belong to, kept beside them. */
export interface StoreIdentity {
  /** Undefined where no registry has had its bytes yet. */
  read(): Promise<string | undefined>;
  /** Leaves it as it is where somebody was faster. */
  putIfAbsent(id: string): Promise<unknown>;
}

export interface Pair {
  readonly metadata: MetadataStore;
  readonly identity: StoreIdentity;
  readonly names: Names;
  /** Whether each is named by itself, so that one of them may be another's. */
  readonly apart: boolean;
}

/**
 * Sees that database and bytes belong together: each has the same id, made by the first process that opens both. A database
 * beside the bytes of another would take all of them for garbage.
 *
 * @throws StartupRefusal
 */
export async function bindStores({ metadata, identity, names, apart }: Pair): Promise<void> {
  const found = await identity.read();
  const fresh = randomUUID();
  const { id, blobs } = await metadata.write(async (tx) => {
    const id = Buffer.from(await tx.secrets.getOrPut(STORE_ID, Buffer.from(fresh))).toString('utf8');
    // Thrown in here, so that the database stays as empty as it was.
    if (found !== undefined && id === fresh) throw lostDatabase(names, 'is empty');
    return { id, blobs: (await tx.usage.ofStore()).blobs.count };
  });
  if (found === undefined) {
    if (apart && blobs > 0) throw lostBytes(names, blobs);
    await identity.putIfAbsent(id);
  }
  if ((found ?? (await identity.read())) !== id) {
    throw new StartupRefusal(
      `${names.metadata} and the blobs in ${names.blobs} belong to different registries\nName two that belong together, or restore the two from the same backup.`,
    );
  }
}

/** A missing database beside blobs is a lost one: an empty one in its place would take every blob for garbage. */
export function lostDatabase({ metadata, blobs }: Names, how: 'is empty' | 'is missing'): StartupRefusal {
  return new StartupRefusal(
    `${blobs} has blobs, but ${metadata} ${how}\nRestore the database, or begin with an empty place for the blobs, too.`,
  );
}

function lostBytes({ metadata, blobs }: Names, count: number): StartupRefusal {
  return new StartupRefusal(
    `${metadata} knows of ${count} blobs, and ${blobs} has none of them\nName the place where they are, or restore them.`,
  );
}
