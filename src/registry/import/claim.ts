import type { MetadataStore, MetadataTransaction } from '../../metadata/metadata-store.ts';
import { type Secret, STORE_ID } from '../../metadata/secrets.ts';
import type { Ids } from '../../model/ids.ts';
import { ImportRefused } from './import-refused.ts';

/** In the target from the beginning of an import to its end: whose rows it has so far, and which run is at work on it. */
const MARK = 'import';

interface Mark {
  /** The source's store. */
  readonly from: string;
  readonly run: string;
}

/** Whether an import into this store has begun and not ended: it must not be served, for it has some of the rows only. */
export async function isBeingImported(metadata: Pick<MetadataStore, 'read'>): Promise<boolean> {
  return metadata.read(async (view) => (await view.secrets.find(MARK)) !== undefined);
}

/** The right of one run to write to the target; it ends when another run takes over. */
export class Claim {
  readonly #secret: Secret;
  readonly #metadata: Pick<MetadataStore, 'write'>;
  /** Whether a run before this one has left something. */
  readonly isResumed: boolean;

  private constructor(metadata: Pick<MetadataStore, 'write'>, secret: Secret, isResumed: boolean) {
    this.#metadata = metadata;
    this.#secret = secret;
    this.isResumed = isResumed;
  }

  /** @throws ImportRefused when the target is neither empty nor an import of this source that has not ended */
  static async make(
    source: Pick<MetadataStore, 'read'>,
    target: Pick<MetadataStore, 'write'>,
    ids: Pick<Ids, 'uuid'>,
  ): Promise<Claim> {
    const from = await source.read(async (view) => textOf(await view.secrets.find(STORE_ID)));
    if (from === undefined) throw new ImportRefused('the source has never been served: there is nothing to import');
    return target.write(async (tx) => {
      if (textOf(await tx.secrets.find(STORE_ID)) === from) {
        throw new ImportRefused('the source and the target are the same store');
      }
      const found = textOf(await tx.secrets.find(MARK));
      if (found === undefined && (await tx.transfer.filled()).length > 0) {
        throw new ImportRefused('the target is not empty\nImport into a new database, or a new folder.');
      }
      if (found !== undefined && (JSON.parse(found) as Mark).from !== from) {
        throw new ImportRefused(
          'the target has part of another store, whose import has not ended\nEnd that one, or import into a new database, or a new folder.',
        );
      }
      const mark: Mark = { from, run: ids.uuid() };
      const secret = { name: MARK, value: Buffer.from(JSON.stringify(mark)) };
      await tx.secrets.put(secret);
      return new Claim(target, secret, found !== undefined);
    });
  }

  /**
   * Changes the target, if it is still this run that may.
   *
   * @throws ImportRefused
   */
  write<T>(change: (tx: MetadataTransaction) => Promise<T>): Promise<T> {
    return this.#metadata.write(async (tx) => {
      if (!(await tx.secrets.hold(this.#secret))) throw new ImportRefused('another import into the target has begun');
      return change(tx);
    });
  }

  /** Makes the last change, after which the target may be served. */
  end(change: (tx: MetadataTransaction) => Promise<void>): Promise<void> {
    return this.write(async (tx) => {
      await change(tx);
      await tx.secrets.forget(MARK);
    });
  }
}

/** The source's keys, which the target is to have: what was signed with them stays good. */
export async function secretsOf(source: Pick<MetadataStore, 'read'>): Promise<Secret[]> {
  const secrets = await source.read((view) => view.secrets.list());
  return secrets.filter(({ name }) => name !== STORE_ID && name !== MARK);
}

function textOf(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString('utf8');
}
