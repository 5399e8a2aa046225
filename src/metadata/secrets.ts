import type { Session } from './session.ts';

/** Names the store: which blobs belong to these rows. */
export const STORE_ID = 'store-id';

export interface Secret {
  readonly name: string;
  readonly value: Uint8Array;
}

/** Keys that Berth made for itself and must find again after a restart. */
export class SecretReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  async find(name: string): Promise<Uint8Array | undefined> {
    const row = await this.session.db.selectFrom('secret').select('value').where('name', '=', name).executeTakeFirst();
    return row?.value;
  }

  /** All of them, in order of name. */
  async list(): Promise<Secret[]> {
    return this.session.db.selectFrom('secret').select(['name', 'value']).orderBy('name').execute();
  }
}

export class SecretWriter extends SecretReader {
  /** The secret of this name; `fresh` becomes it if there is none yet. */
  async getOrPut(name: string, fresh: Uint8Array): Promise<Uint8Array> {
    await this.session.db
      .insertInto('secret')
      .values({ name, value: fresh })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
    const value = await this.find(name);
    if (value === undefined) throw new Error(`The secret ${name} was put and is not there`);
    return value;
  }

  /** Makes this the secret of its name, whatever it was; waits for those who hold that. */
  async put({ name, value }: Secret): Promise<void> {
    await this.forget(name);
    await this.session.db.insertInto('secret').values({ name, value }).execute();
  }

  /** Whether this still is the secret of its name. It stays so until the transaction is over. */
  async hold({ name, value }: Secret): Promise<boolean> {
    const held = await this.session.db
      .selectFrom('secret')
      .select('name')
      .where('name', '=', name)
      .where('value', '=', value)
      .modifyEnd(this.session.dialect.holding('secret', 'use'))
      .execute();
    return held.length > 0;
  }

  async forget(name: string): Promise<void> {
    await this.session.db.deleteFrom('secret').where('name', '=', name).execute();
  }
}
