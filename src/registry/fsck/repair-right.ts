import type { MetadataStore, MetadataTransaction } from '../../metadata/metadata-store.ts';

/** Beside the keys of the store: which repair was the last to begin, counted from 1. */
const MARK = 'repair';

/**
 * The right of one run to put the store right. It ends when another run begins, in this process or in another that shares the
 * store: both have seen the same counter wrong by as much, and only one of them may move it.
 */
export class RepairRight {
  readonly #metadata: Pick<MetadataStore, 'write'>;
  readonly #mark: { readonly name: string; readonly value: Uint8Array };

  private constructor(metadata: Pick<MetadataStore, 'write'>, number: number) {
    this.#metadata = metadata;
    this.#mark = { name: MARK, value: Buffer.from(String(number)) };
  }

  /** To be taken before the look at what is wrong. */
  static async take(metadata: Pick<MetadataStore, 'write'>): Promise<RepairRight> {
    return metadata.write(async (tx) => {
      const last = await tx.secrets.find(MARK);
      const right = new RepairRight(metadata, last ? Number(Buffer.from(last).toString('utf8')) + 1 : 1);
      await tx.secrets.put(right.#mark);
      return right;
    });
  }

  /** Answers what `change` does; `false` when another run has begun, and nothing was changed. */
  async use(change: (tx: MetadataTransaction) => Promise<boolean>): Promise<boolean> {
    return this.#metadata.write(async (tx) => (await tx.secrets.hold(this.#mark)) && change(tx));
  }
}
