import type { Session } from './session.ts';

/** Keys that Berth made for itself and must find again after a restart. */
export class SecretWriter {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The secret of this name; `fresh` becomes it if there is none yet. */
  async getOrPut(name: string, fresh: Uint8Array): Promise<Uint8Array> {
    await this.#session.db
      .insertInto('secret')
      .values({ name, value: fresh })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
    const row = await this.#session.db
      .selectFrom('secret')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    return row.value;
  }
}
